import ArgumentParser
import FoundationEssentials
import Glibc
import Needletail

@main
enum Main {
  static func main() async {
    SparkWorkerMode.enterIfStartedBySpark(functions: [])
    do {
      let given = Array(CommandLine.arguments.dropFirst())
      if VersionReport.isAsked(by: given) {
        let text = VersionReport.text(PackageVersion.text, VersionReport.parts())
        return print(text, terminator: "")
      }
      try UnknownCommand.check(given)
      try RepeatedOptions.check(given)
      var command = try await parsed(ConfigurationFile.expanded(given))
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
      end(error)
    }
  }

  /// Ends the program as the parser would, but that what is wrong is told in the form of all other errors.
  private static func end(_ error: any Error) -> Never {
    let status = NeedletailCommand.exitCode(for: error).rawValue
    let text = NeedletailCommand.fullMessage(for: error)
    guard status != 0, text.hasPrefix("Error: ") else { NeedletailCommand.exit(withError: error) }
    CommandFailure(String(text.dropFirst("Error: ".count)), status: status).print()
    Glibc.exit(status)
  }

  /// The command that `arguments` ask for.
  ///
  /// - Throws: what is wrong with them: all of it, and what is missing for the rest.
  private static func parsed(_ arguments: [String]) async throws -> any ParsableCommand {
    do {
      return try NeedletailCommand.parseAsRoot(arguments)
    } catch {
      guard let problems = ParseProblems(arguments, error) else { throw error }
      var complaints = Complaints()
      for text in problems.texts { complaints.add(CommandFailure(text)) }
      if !problems.lacksArgument, let command = problems.command as? any CheckedCommand {
        for shortfall in await command.shortfalls().errors { complaints.add(shortfall) }
      }
      let advice = "See '\(problems.description.fullName) --help' for more information."
      guard complaints.errors.count > 1 else {
        let text = problems.texts.first ?? ""
        // The parser shows more of a single one, unless it was not the first to see it.
        guard text.hasPrefix("Unknown option") else { throw error }
        throw CommandFailure(text).followed(by: advice)
      }
      throw CommandFailure(several: complaints.errors).followed(by: advice)
    }
  }
}

struct NeedletailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "needletail",
    abstract: "Runs trained models over Spark tables, and serves them.",
    version: KServeServer.packageVersion,
    subcommands: [
      Predict.self, SQL.self, Preview.self, Plan.self, Inspect.self, Serve.self, New.self,
      SparkCommand.self, Doctor.self,
    ])
}
