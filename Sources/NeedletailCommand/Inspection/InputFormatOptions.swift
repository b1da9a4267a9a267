import ArgumentParser
import FoundationEssentials
import Needletail

/// How a table that is read is written down.
struct InputFormatOptions: ParsableArguments {
  @Option(help: "The input's format: parquet, csv, tsv, json, orc ... (default: from its name)")
  var inputFormat: String?

  @Option(
    help: ArgumentHelp(
      "An option for reading the input's format, such as header=false, sep=; or multiLine=true; may "
        + "be given several times.", valueName: "name=value"),
    transform: NamedValue.formatOption)
  var inputOption: [NamedValue] = []

  /// The format of the table at `path`, with what reading it needs.
  ///
  /// - Parameter file: the path on this machine, if it is on this one.
  /// - Throws: ``CommandFailure`` if nothing tells a format.
  func reading(_ path: String, on file: String?) throws -> TableFormat {
    var format = try PredictionJob.with(
      inputOption, "--input-option",
      try inputFormat.map { try TableFormat(named: $0, option: "--input-format") }
        ?? TableFormat.reading(path, on: file))
    if let file { try format.checkHeader(of: file) }
    if format.isCSV, format.option("inferSchema") == nil { format.options["inferSchema"] = "true" }
    return format
  }
}

extension EngineChoice {
  /// The engine that a command is asked for, as far as tables do not matter.
  static func asked(_ wish: Wish, remote: String?) -> EngineChoice {
    var choice = EngineChoice()
    choice.wish = wish
    choice.hasRemote = remote?.isEmpty == false
    choice.variable = ["SPARK_REMOTE", "NEEDLETAIL_MASTER"].first {
      ProcessInfo.processInfo.environment[$0]?.isEmpty == false
    }
    return choice
  }
}
