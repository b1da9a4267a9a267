import ArgumentParser
import FoundationEssentials
import Glibc
import Needletail

@main
enum Main {
  static func main() async {
    SparkWorkerMode.enterIfStartedBySpark(functions: [])
    do {
      try RepeatedOptions.check(Array(CommandLine.arguments.dropFirst()))
      var command = try NeedletailCommand.parseAsRoot()
      // The parser has commands of its own, such as help.
      guard var work = command as? any AsyncParsableCommand else { return try command.run() }
      do {
        try await work.run()
      } catch let error
        where !(error is ValidationError || error is ExitCode || error is CleanExit)
      {
        throw CommandFailure(error)
      }
    } catch let failure as CommandFailure {
      failure.print()
      Glibc.exit(failure.status)
    } catch {
      NeedletailCommand.exit(withError: error)
    }
  }
}

struct NeedletailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "needletail",
    abstract: "Runs trained models over Spark tables, and serves them.",
    version: KServeServer.packageVersion,
    subcommands: [
      Predict.self, SQL.self, Plan.self, Inspect.self, Serve.self, New.self, Doctor.self,
    ])
}
