import ArgumentParser
import Needletail

/// Ends the cluster.
struct SparkStop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "Ends the Spark that was started here, and removes its files.",
    discussion: """
      Jobs that run end with it. Nothing stays but the tables of its catalog (see `needletail spark start \
      --help`): no process, also none that executors have started, no log, no temporary file. Whether there are \
      tables is told; --remove-tables removes them, also later.

      Exit status: 0 nothing runs any more, 1 a process does not end or tables are not removed, 64 the command \
      line is wrong.
      """)

  @Flag(help: "Remove the tables of its catalog, too.")
  var removeTables = false

  @OptionGroup
  var messages: MessageOptions

  func run() async throws {
    messages.begin()
    let status = await InterruptibleWork {
      print(SparkReport.text(try await LocalCluster.stop(removingTables: removeTables)))
    }.exitStatus(of: CommandFailure.status)
    if status != 0 { throw ExitCode(status) }
  }
}
