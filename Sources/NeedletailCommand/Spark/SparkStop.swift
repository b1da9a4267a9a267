import ArgumentParser
import Needletail

/// Ends the cluster.
struct SparkStop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "Ends the Spark that was started here, and removes its files.",
    discussion: """
      Jobs that run end with it. Nothing stays: no process, also none that executors have started, no log, \
      no temporary file, no table of its own catalog.

      Exit status: 0 nothing runs any more, 1 a process does not end, 64 the command line is wrong.
      """)

  @OptionGroup
  var messages: MessageOptions

  func run() async throws {
    messages.begin()
    let status = await InterruptibleWork {
      let wasThere = try await LocalCluster.stop()
      print(wasThere ? "Spark is stopped" : "no Spark was running here")
    }.exitStatus(of: CommandFailure.status)
    if status != 0 { throw ExitCode(status) }
  }
}
