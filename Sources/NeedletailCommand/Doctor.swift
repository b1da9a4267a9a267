import ArgumentParser
import FoundationEssentials
import Glibc
import Needletail
import Synchronization

/// Finds out what works, and tells what to do about what does not.
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finds out what works here or on a Spark server, and what to do about what does not.",
    discussion: """
      Without --remote and SPARK_REMOTE it looks at this machine: Java, Spark, the libraries that run \
      models and read files, folders, memory, GPUs. With a server it goes there step by step: name, \
      port, TLS, a session, its settings, files, and a worker that looks around on the executors and \
      gives some rows back. Nothing is changed but that session, which ends. Where the server does not \
      let the session choose its worker, the executors' own Python passes the rows on, as for predict: \
      that is a warning with the reason, and the steps go on.

      Each line begins with ok, warn (something optional is missing), fail, or skip (a step that needs \
      one that failed). The line below says what to do; what only an operator can do is a sentence to \
      send to them. --json prints the same as one object: version, scope, server, ok, and checks with \
      key, name, status, finding, remedy and facts, which stay.

      Exit status: 0 nothing failed, 1 something failed, 64 the command line is wrong.
      """)

  @Option(
    help: "The Spark Connect server, sc://host:port (default: SPARK_REMOTE, else this machine)")
  var remote: String?

  @OptionGroup
  var execution: ExecutionOptions

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup
  var messages: MessageOptions

  /// The text of a check with a colour for its first word, where there are colours.
  private static func colored(_ text: String) -> String {
    let word = text.prefix { $0 != " " && $0 != ":" }
    let colors: [Substring: Terminal.Color] = ["ok": .green, "warn": .yellow, "fail": .red]
    guard let color = colors[word] else { return text }
    return Terminal.output.colored(String(word), color) + text[word.endIndex...]
  }

  /// What the checks have come to.
  private final class Outcome: Sendable {
    let isHealthy = Mutex(true)
  }

  func run() async throws {
    messages.begin()
    execution.worker.begin()
    let named = remote ?? ProcessInfo.processInfo.environment["SPARK_REMOTE"]
    if named?.isEmpty ?? true, let option = execution.ofSpark.first {
      throw ValidationError(
        "\(option) is for a server; name it with --remote or SPARK_REMOTE")
    }
    let examination = try Examination.ofProgram(
      remote: named, mode: execution.executionMode,
      version: NeedletailCommand.configuration.version)
    let outcome = Outcome()
    let status = await InterruptibleWork { [json] in
      let report = try await examination.run { entry in
        if !json { print(Self.colored(entry.text)) }
      }
      print(try json ? report.json() : report.summary)
      outcome.isHealthy.withLock { $0 = report.isHealthy }
    }.exitStatus(of: CommandFailure.status)
    // Not by way of the libraries' own ends: so many in one process get into each other's way.
    fflush(nil)
    let isHealthy = outcome.isHealthy.withLock { $0 }
    _exit(status == 0 && !isHealthy ? 1 : status)
  }
}
