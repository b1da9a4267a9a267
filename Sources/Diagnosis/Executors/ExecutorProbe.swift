import ArrowIPC
import Glibc
import HostProcesses
import NativeLibraries
package import SparkFunctions
import SparkTypes

/// Looks around in the workers on executors, for `needletail doctor`.
///
/// A task answers with one row of JSON. It stays for a moment, so that Spark starts the others elsewhere.
package struct ExecutorProbe: UserDefinedFunction {
  /// What a worker does.
  struct Request: Codable, Sendable {
    enum Wish: String, Codable, Sendable {
      /// It tells ``ExecutorFacts``.
      case facts
      /// It opens the libraries that run models and tells ``ExecutorRuntimes``. Apart from the facts: a
      /// library may end the process.
      case runtimes
      /// It gives the rows back.
      case echo
    }

    var wish: Wish
  }

  package static let name = "needletail.doctor"
  /// The answers, but those to ``Request/Wish/echo``, which are the rows.
  static let answer: StructType = ["answer": .string]
  static let echo: StructType = ["id": .long]
  private static let stay = Duration.milliseconds(300)

  package var name: String { Self.name }
  package var kind: FunctionKind { .batches }

  package init() {}

  package func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    let request = try invocation.decodeParameters(as: Request.self)
    if request.wish == .echo { return input }
    while try await input.next() != nil {}
    let answer =
      try request.wish == .facts
      ? FunctionInvocation.encode(Self.facts(worker)) : FunctionInvocation.encode(Self.runtimes())
    try await Task.sleep(for: Self.stay)
    let text = String(decoding: answer, as: UTF8.self)
    return BatchList([try RecordBatch([("answer", .strings([text]))])])
  }

  static func facts(_ worker: WorkerContext) -> ExecutorFacts {
    ExecutorFacts(
      hostName: Machine.hostName, process: getpid(), host: .here(),
      files: .of(worker.filesDirectory), temporary: .of(FileSystem.temporaryDirectory),
      assignedGPUs: worker.gpus)
  }

  static func runtimes() -> ExecutorRuntimes {
    ExecutorRuntimes(
      hostName: Machine.hostName, process: getpid(),
      runtimes: RuntimeLibrary.all.map { $0.facts() })
  }
}
