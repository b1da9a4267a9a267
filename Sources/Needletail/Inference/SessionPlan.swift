package import Deployment
package import FoundationEssentials
package import ModelKinds
package import Models
import ProgramFunctions
import SparkFunctions
package import SparkTypes

/// A prediction for a session of Spark that another process holds, such as PySpark's: what is sent and set
/// there, the function, and the columns that it gives.
package struct SessionPlan: Sendable {
  /// The session, as far as the plan depends on it.
  package struct Session: Sendable {
    /// Spark's version.
    package var version: (major: Int, minor: Int)
    /// Whether its only executor runs on this machine, as this user.
    package var isHere: Bool
    /// Where the files for it are put.
    package var directory: String

    package init(version: (major: Int, minor: Int), isHere: Bool, directory: String) {
      self.version = version
      self.isHere = isHere
      self.directory = directory
    }
  }

  /// A column of vectors of Spark ML's, beside which the table needs an array.
  package struct Vector: Sendable, Hashable, Encodable {
    package let column: String
    package let array: String
  }

  /// The function as Spark's message for Python functions has it.
  package struct Function: Sendable, Encodable {
    package let name: String
    package let evaluationType: Int32
    package let pythonVersion: String
    package let isDeterministic: Bool
    /// The bytes for the worker, in Base64.
    package let command: Data
    /// The type of the column that it gives, in Spark's JSON.
    package let returnType: String
    /// The columns that it takes, as SQL names them.
    package let arguments: [String]
  }

  /// What the executors start.
  package let worker: String
  /// What is sent to them before.
  package let files: [SessionFile]
  /// What the session changes besides.
  package let settings: [WorkerSettings.Change]
  /// The arrays that the table needs before, and loses behind the function.
  package let vectors: [Vector]
  package let function: Function
  /// Gives back the rows that it gets, by which the session finds out whether executors start the worker.
  package let probe: Function
  /// The function and the probe where they do not.
  package let shim: ShimPlan
  /// What the new columns say of themselves: JSON for their metadata.
  package let metadata: String
  /// The name of one new column, a struct, if the outputs do not become a column each.
  package let structure: String?
  /// The fields of the function's struct, which become columns.
  package let columns: [String]
  /// The outputs of the model that are not among them.
  package let omitted: [OmittedOutput]

  /// Fits the model to a table with the schema `table`, and writes what executors need.
  ///
  /// - Throws: `InferenceError` that names the input, output or column that does not fit;
  ///   `NeedletailError` if the program or the model cannot be packed.
  package init(
    _ source: ModelSource, loaded model: any Model, _ request: PredictionRequest,
    table: StructType, isDeterministic: Bool, for session: Session
  ) async throws {
    _ = try Program.start(own: [])
    metadata = PredictionLineage(source, request).columnMetadata
    let fed = model.inputs.map(\.name).filter { request.constants[$0] == nil }
    let found = VectorInputs(table: table, inputs: request.inputs, models: fed)
    var request = request
    request.inputs = found.replaced(request.inputs, table: table, models: fed)
    vectors = found.arrays.sorted { $0.key < $1.key }.map {
      Vector(column: $0.key, array: $0.value)
    }
    var table = table
    table.fields += vectors.map {
      StructField($0.array, .array(.double, containsNull: false))
    }
    let packed = try source.packed()
    let plan = try await source.plan(model, reference: packed.reference, table: table, request)
    let prediction = ModelPrediction(kinds: .ofExecutors)
    let spark = session.version
    let pythonVersion = "\(NativeMarker.prefix)\(spark.major).\(spark.minor)"
    let function = Function(
      name: prediction.name, evaluationType: EvaluationType.scalarPandasIterator.rawValue,
      pythonVersion: pythonVersion, isDeterministic: isDeterministic,
      command: Data(try plan.command(of: prediction)),
      returnType: SparkTypeJSON.text(plan.returnType), arguments: plan.argumentColumns)
    let echo = EchoFunction.call()
    let probe = Function(
      name: echo.name, evaluationType: echo.evaluationType, pythonVersion: pythonVersion,
      isDeterministic: true, command: Data(try echo.command([])),
      returnType: SparkTypeJSON.text(EchoFunction.schema), arguments: EchoFunction.schema.names)
    structure = request.structure
    columns = plan.returnType.names
    omitted = request.only == nil ? model.omittedOutputs : []
    let program = try CarriedProgram(in: session.directory, isHere: session.isHere)
    func shimCall(
      _ function: Function, _ returnType: StructType, passing: StructType? = nil
    ) throws -> ShimCall {
      try ShimCall(
        function.name, returnType: .struct(returnType), evaluationType: function.evaluationType,
        argumentCount: function.arguments.count, passing: passing, program: program.worker,
        id: program.id, spark: spark)
    }
    shim = ShimPlan(probe: try shimCall(probe, EchoFunction.schema)) {
      let passing = ShimCall.mustCarry(spark) ? table : nil
      return try shimCall(function, plan.returnType, passing: passing)
    }
    (self.function, self.probe, worker) = (function, probe, program.worker)
    files = try program.files + packed.write(into: session.directory)
    settings = WorkerSettings.changes(
      version: session.version, environment: ProcessInfo.processInfo.environment)
  }
}

extension SessionPlan: Encodable {
  private enum Key: String, CodingKey {
    case format, worker, workerSetting, files, settings, vectors, function, probe, shim, metadata,
      structure, columns, omitted
  }

  /// The number of the form, which changes when readers must.
  package static let format = 2

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(Self.format, forKey: .format)
    try values.encode(worker, forKey: .worker)
    try values.encode(WorkerSettings.executable, forKey: .workerSetting)
    try values.encode(files, forKey: .files)
    try values.encode(settings, forKey: .settings)
    try values.encode(vectors, forKey: .vectors)
    try values.encode(function, forKey: .function)
    try values.encode(probe, forKey: .probe)
    try values.encode(shim, forKey: .shim)
    try values.encode(metadata, forKey: .metadata)
    try values.encodeIfPresent(structure, forKey: .structure)
    try values.encode(columns, forKey: .columns)
    try values.encode(omitted.map(\.description), forKey: .omitted)
  }
}
