public import SparkConnect
public import SparkFunctions
package import SparkTypes

/// The bytes that a worker gets for a use of `function`.
func commandBytes(
  _ function: any UserDefinedFunction, _ parameters: [UInt8], _ argumentNames: [String]
) throws -> [UInt8] {
  let program = try Program.current()
  _ = try program.registry.function(named: function.name)
  return try FunctionCommand.encode(
    FunctionInvocation(
      function: function.name, id: "\(function.name)@\(program.fingerprint)",
      fingerprint: program.fingerprint, parameters: parameters, argumentNames: argumentNames))
}

/// A use of a function with its parameters, for those who compute it in this process.
package struct AppliedFunction: Sendable {
  package let function: any DriverCheckedFunction
  /// The parameters as an invocation carries them.
  package let parameters: @Sendable () throws -> [UInt8]
}

extension DriverCheckedFunction {
  /// The function over `columns`, with its parameters encoded.
  func applied(_ parameters: @escaping @Sendable () throws -> [UInt8], _ columns: [Column])
    -> Column
  {
    Column(
      InlineFunction(
        name: name, returnType: returnType,
        evaluationType: EvaluationType.scalarPandasIterator.rawValue,
        isDeterministic: isDeterministic, command: { try commandBytes(self, try parameters(), $0) },
        check: { try check(arguments: $0.map { ($0.name, $0.type) }) },
        local: AppliedFunction(function: self, parameters: parameters)),
      columns)
  }
}

extension PredictBatchUDF where Parameters == NoParameters {
  /// The predictions for `columns`: `mnist("pixels")`.
  public func callAsFunction(_ columns: Column...) -> Column { self(columns) }

  /// The predictions for `columns`, as many as the list has: `price(names.map { col($0) })`.
  public func callAsFunction(_ columns: [Column]) -> Column {
    applied({ try FunctionInvocation.encode(NoParameters()) }, columns)
  }
}

extension PredictBatchUDF {
  /// The predictions for `columns` with the given parameters: `score(Options(threshold: 0.5), "a")`.
  public func callAsFunction(_ parameters: Parameters, _ columns: Column...) -> Column {
    self(parameters, columns)
  }

  /// The predictions for `columns`, as many as the list has, with the given parameters.
  public func callAsFunction(_ parameters: Parameters, _ columns: [Column]) -> Column {
    applied({ try FunctionInvocation.encode(parameters) }, columns)
  }
}

extension DataFrame {
  /// The batches that `function` makes of this table's, with all its columns.
  ///
  /// - Parameter resources: what the tasks of the stage, and their executors, must have.
  /// - Throws: ``SparkError`` if this table cannot be, two of its columns have the same name, or the
  ///   server refuses the resources.
  public func mapBatches(
    _ function: MapBatchesFunction<NoParameters>, resources: ResourceProfile? = nil
  ) async throws -> DataFrame {
    try await mapBatches(function, NoParameters(), resources: resources)
  }

  /// The same with parameters.
  ///
  /// - Throws: `SparkError` as without parameters; an `EncodingError` for parameters that are no
  ///   JSON.
  public func mapBatches<Parameters>(
    _ function: MapBatchesFunction<Parameters>, _ parameters: Parameters,
    resources: ResourceProfile? = nil
  ) async throws -> DataFrame {
    try await mapBatches(
      function.name, returning: function.schema, isBarrier: function.isBarrier,
      resources: resources,
      command: { try commandBytes(function, try FunctionInvocation.encode(parameters), $0) })
  }

  /// The batches that the function makes to which `command` belongs.
  func mapBatches(
    _ name: String, returning schema: StructType, isBarrier: Bool, resources: ResourceProfile?,
    command: @escaping @Sendable ([String]) throws -> [UInt8]
  ) async throws -> DataFrame {
    // Spark drops the columns that nothing refers to, and does not know what the function reads.
    let names = try await self.schema().names
    if let twice = names.first(where: { name in names.filter { $0 == name }.count > 1 }) {
      throw SparkError(
        .invalidArgument,
        "mapBatches(\"\(name)\"): the table has two columns called '\(twice)'; rename one of them")
    }
    do {
      _ = try schema.arrowSchema()
    } catch let error as DataTypeError {
      throw SparkError(
        .invalidArgument, "mapBatches(\"\(name)\"): the declared column \(error.message)",
        cause: error)
    }
    let profile: Int? =
      if let resources { try await session.resourceProfileID(resources) } else { nil }
    return mapPartitions(
      InlineFunction(
        name: name, returnType: .struct(schema), evaluationType: EvaluationType.mapInArrow.rawValue,
        command: command, check: { _ in }),
      columns: names.map { column(named: $0) }, isBarrier: isBarrier,
      profileID: profile)
  }

  /// The batches that a planned model makes of this table's, whose columns are `columns`.
  ///
  /// - Parameter origin: what they come from, for those who write them.
  package func mapped(
    _ function: BatchModelPrediction, _ parameters: BatchModelPrediction.Parameters,
    columns: [String], returning schema: StructType, profileID: Int?, scan: ScanChoice? = nil,
    origin: (any Sendable)? = nil
  ) -> DataFrame {
    var inline = InlineFunction.batches(function, parameters, returning: schema, scan: scan)
    inline.origin = origin
    return mapPartitions(
      inline, columns: columns.map { column(named: $0) }, profileID: profileID)
  }

  /// The predictions of a planned model over `columns`, as one struct column.
  ///
  /// - Parameter origin: what they come from, for those who write them.
  package func planned(
    _ plan: PredictionPlan, _ function: ModelPrediction, isDeterministic: Bool,
    scan: ScanChoice? = nil, origin: (any Sendable)? = nil
  ) -> Column {
    Column(
      InlineFunction(
        name: function.name, returnType: .struct(plan.returnType),
        evaluationType: EvaluationType.scalarPandasIterator.rawValue,
        isDeterministic: isDeterministic,
        command: { try commandBytes(function, try plan.encodedParameters(), $0) }, check: { _ in },
        scan: scan, origin: origin),
      plan.argumentPaths.map { column(path: $0) })
  }
}

extension PredictionPlan {
  /// The bytes that a worker gets for `function` over ``argumentColumns``.
  ///
  /// - Throws: `InferenceError` if this program does not declare the function.
  package func command(of function: ModelPrediction) throws -> [UInt8] {
    try commandBytes(function, try encodedParameters(), argumentColumns)
  }
}

extension InlineFunction {
  /// A function of the program's over whole batches.
  package static func batches(
    _ function: any UserDefinedFunction, _ parameters: some Encodable & Sendable,
    returning schema: StructType, scan: ScanChoice? = nil
  ) -> InlineFunction {
    InlineFunction(
      name: function.name, returnType: .struct(schema),
      evaluationType: EvaluationType.mapInArrow.rawValue,
      command: { try commandBytes(function, try FunctionInvocation.encode(parameters), $0) },
      check: { _ in }, scan: scan)
  }
}
