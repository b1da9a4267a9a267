import ArrowIPC
import Glibc
import NeedletailTesting
import SparkFunctions
import SparkWorker
import WorkerFunctions

func doubles(_ numbers: [Double], name: String = "_0") throws -> RecordBatch {
  try RecordBatch([(name, .numbers(numbers))])
}

/// The numbers in one column of `batches`.
func values(_ batches: [RecordBatch], column: Int = 0) throws -> [Double] {
  try batches.flatMap { try $0.columns[column].withValues(as: Double.self) { Array($0) } }
}

/// The strings in the first column of `batches`.
func strings(_ batches: [RecordBatch]) -> [String?] {
  batches.flatMap { batch in (0..<batch.rowCount).map { batch.columns[0].string($0) } }
}

/// The schema of one column of doubles.
let doubleSchema = ArrowSchema([ArrowField("_0", .float64)])

func command(
  _ function: String, parameters: String = "", fingerprint: String = WorkerFunctions.fingerprint
) throws -> [UInt8] {
  try FunctionCommand.encode(
    FunctionInvocation(
      function: function, id: function, fingerprint: fingerprint, parameters: Array(parameters.utf8)
    ))
}

/// A task that evaluates `functions`, the inner one first, over the first column.
func task(
  _ functions: String..., evaluation: EvaluationType = .scalarPandasIterator,
  parameters: String = ""
) throws -> FakeSparkTask {
  FakeSparkTask(
    evaluation,
    calls: [
      FunctionCall(
        arguments: [.init(column: 0)],
        commands: try functions.map { try command($0, parameters: parameters) })
    ])
}

/// What the worker reported when `body` failed, `nil` if it did not fail.
func failure(_ body: () async throws -> Void) async -> FakeSparkError? {
  do {
    try await body()
    return nil
  } catch { return error as? FakeSparkError }
}

/// The connection's end of a worker in this process that knows the fixture's functions.
func connectToFixture(
  _ version: SparkProtocolVersion = .v4_3, models: ModelCache = ModelCache()
) throws -> FakeSparkConnection {
  try FakeSpark(version: version, models: models).connect(
    FunctionRegistry(WorkerFunctions.all), fingerprint: WorkerFunctions.fingerprint)
}

/// The fixture's executable, which lies beside that of the tests.
let fixturePath: String = {
  var path = [CChar](repeating: 0, count: 4096)
  let count = max(0, readlink("/proc/self/exe", &path, path.count))
  let executable = String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  let directory = executable[..<(executable.lastIndex(of: "/") ?? executable.endIndex)]
  return "\(directory)/WorkerFixture"
}()

/// Whether `condition` becomes true before `seconds` are over.
func eventually(within seconds: Double = 5, _ condition: () -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < end {
    if condition() { return true }
    try await Task.sleep(for: .milliseconds(5))
  }
  return condition()
}
