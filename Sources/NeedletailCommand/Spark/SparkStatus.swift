import ArgumentParser
import Needletail

/// Tells how the cluster does.
struct SparkStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Tells how the Spark that was started here does, and where it is found.",
    discussion: """
      A line for each process: its number, its address, its page for browsers, its log. --json prints the \
      same as one object: state (running; starting; incomplete, if something has ended; stopped), remote, \
      version, home, java, workers, cores, memoryMiB, gpus, folder, tables, and processes with role, pid, \
      isRunning, address, webUI and log.

      Exit status: 0 all of it runs, 1 some of it does, 3 none does, 64 the command line is wrong.
      """)

  @Flag(help: "Print JSON.")
  var json = false

  func run() async throws {
    let status = LocalCluster.status()
    let report = status.map(SparkReport.init)
    if json {
      print(try report?.json() ?? SparkReport.jsonOfNone)
    } else {
      print(report?.text ?? SparkReport.none, terminator: "")
    }
    switch status?.state {
    case .running: return
    case .starting, .incomplete: throw ExitCode(1)
    case .stopped, nil: throw ExitCode(3)
    }
  }
}
