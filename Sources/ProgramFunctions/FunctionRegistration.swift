public import SparkConnect
public import SparkFunctions

/// Makes functions callable by name in a session's SQL: `spark.udf.register(mnist)`.
public struct FunctionRegistration: Sendable {
  let session: SparkSession

  /// Makes `function` callable in SQL and in `selectExpr` within the session, under its own name or
  /// another one. A function that has the name, also one of Spark's own, gives way to it.
  ///
  /// ```swift
  /// try await spark.udf.register(mnist)
  /// try await spark.sql("SELECT id, mnist(pixels) AS p FROM digits").show()
  /// ```
  /// The arguments are checked on the executors only: what SQL calls is known to the server alone. A
  /// function that is not `asDeterministic()` is computed for each call that a query
  /// writes, and Spark takes it neither in the condition of a join nor as what an aggregate function
  /// computes with: call it in a subquery, and use its column.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost, or its executors cannot run the
  ///   program; `InferenceError` if the program does not declare the function.
  @discardableResult
  public func register<each Input: PredictInput, Output: PredictOutput>(
    _ function: PredictBatchUDF<NoParameters, repeat each Input, Output>, as name: String? = nil
  ) async throws -> RegisteredFunction {
    try await register(function, NoParameters(), as: name)
  }

  /// The same with parameters.
  ///
  /// - Throws: as without; an `EncodingError` for parameters that are no JSON.
  @discardableResult
  public func register<Parameters, each Input: PredictInput, Output: PredictOutput>(
    _ function: PredictBatchUDF<Parameters, repeat each Input, Output>, _ parameters: Parameters,
    as name: String? = nil
  ) async throws -> RegisteredFunction {
    var count = 0
    for _ in repeat (each Input).self { count += 1 }
    let called = name ?? function.name
    try await session.registerFunction(
      InlineFunction(
        name: called, returnType: function.returnType,
        evaluationType: EvaluationType.scalarPandasIterator.rawValue,
        isDeterministic: function.isDeterministic,
        command: { names in
          try commandBytes(function, try FunctionInvocation.encode(parameters), names)
        },
        check: { _ in }),
      argumentCount: count)
    return RegisteredFunction(name: called, arguments: nil, returnType: function.returnType)
  }
}

extension SparkSession {
  /// The functions of this session that SQL calls by name.
  public var udf: FunctionRegistration { FunctionRegistration(session: self) }

  /// Makes a planned model callable in SQL within this session.
  package func register(
    _ name: String, _ plan: PredictionPlan, _ function: ModelPrediction, isDeterministic: Bool
  ) async throws {
    try await registerFunction(
      InlineFunction(
        name: name, returnType: plan.resultType,
        evaluationType: EvaluationType.scalarPandasIterator.rawValue,
        isDeterministic: isDeterministic, command: { _ in try plan.command(of: function) },
        check: { _ in }),
      argumentCount: plan.argumentPaths.count)
  }
}
