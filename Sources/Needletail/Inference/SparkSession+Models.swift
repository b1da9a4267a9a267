public import ModelKinds
public import Models
public import ProgramFunctions
public import SparkConnect
public import SparkFunctions
public import Tensors

extension SparkSession {
  /// Makes a model callable by name in SQL and in `selectExpr` within this session.
  ///
  /// ```swift
  /// try await spark.register("sentiment", .sentiment("distilbert"))
  /// try await spark.sql("SELECT id, sentiment(text).label FROM reviews").show()
  /// ```
  /// A call takes the model's inputs in their order, one argument each: the type is told by what this
  /// returns, and other numbers are converted. It gives a struct with a field for each output, or the
  /// value itself of a model with one output. The arguments of a call are checked on the executors,
  /// since only the server knows what SQL calls.
  ///
  /// Unless `isDeterministic` is said, each call that a query writes is computed, also equal ones, and
  /// Spark takes none in the condition of a join or within an aggregate function. To filter by a
  /// prediction and have it computed once, call the function in a subquery:
  /// `SELECT * FROM (SELECT *, sentiment(text) AS s FROM reviews) WHERE s.label = 'negative'`.
  ///
  /// - Parameters:
  ///   - name: what it is called in SQL. A function that has the name gives way, also one of Spark's own.
  ///   - source: the model.
  ///   - inputs: names of the arguments that feed an input of the model: several for one are joined
  ///     (`["features": ["a", "b"]]` makes a call of two numbers). Messages name them.
  ///   - outputs: names of the struct's fields by output.
  ///   - only: the outputs that are wanted; `nil` for all.
  ///   - batchSize: the number of rows that the model gets at once; `nil` for that of its kind.
  ///   - batch: the dimension that counts the rows, where names and positions do not tell.
  ///   - rows: what is to be thought of rows that run together.
  ///   - nulls: what happens to nulls in the arguments.
  ///   - ragged: what happens to rows that differ in length.
  ///   - errors: what becomes of rows that cannot be predicted; with a column for the reason the result
  ///     is a struct, whose last field it is.
  ///   - maxErrors: how many of them may be in each task before the job ends.
  ///   - transforms: what outputs become instead of their numbers.
  ///   - shapes: the shapes of one row of inputs whose declared ones vary.
  ///   - constants: values of inputs that have no argument.
  ///   - isDeterministic: whether the model gives equal outputs for equal rows however often it runs;
  ///     Spark may then compute a call again, or only where a filter lets rows pass.
  /// - Returns: what a call takes and gives.
  /// - Throws: an error that names the input or output that does not fit; ``SparkError`` if the server
  ///   refuses, or its executors cannot run the program.
  @discardableResult
  public func register(
    _ name: String, _ source: ModelSource, inputs: [String: InputColumns] = [:],
    outputs: [String: String] = [:], only: [String]? = nil, batchSize: Int? = nil,
    batch: BatchDimension? = nil, rows: RowRelation = .checked, nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail, errors: ErrorPolicy = .fail, maxErrors: ErrorLimit? = nil,
    transforms: [String: OutputTransform] = [:], shapes: [String: Shape] = [:],
    constants: [String: InputConstant] = [:], isDeterministic: Bool = false
  ) async throws -> RegisteredFunction {
    try await register(
      name, source, loaded: try await source.loadForPlan(),
      PredictionRequest(
        inputs: inputs, outputs: outputs, only: only, batchSize: batchSize, batch: batch,
        rows: rows, nulls: nulls, ragged: ragged, errors: errors, maxErrors: maxErrors,
        transforms: transforms, shapes: shapes, constants: constants),
      isDeterministic: isDeterministic)
  }

  /// The same with the model at hand, which this process has loaded already.
  @discardableResult
  package func register(
    _ name: String, _ source: ModelSource, loaded model: any Model, _ request: PredictionRequest,
    isDeterministic: Bool = false
  ) async throws -> RegisteredFunction {
    let packed = try source.packed()
    let (plan, arguments) = try await source.callPlan(
      model, reference: packed.reference, request)
    try await packed.send(to: self)
    try await register(
      name, plan, ModelPrediction(kinds: .ofExecutors), isDeterministic: isDeterministic)
    return RegisteredFunction(name: name, arguments: arguments, returnType: plan.resultType)
  }
}
