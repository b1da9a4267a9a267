import ArgumentParser
import Needletail

/// How a table that is written is written down, and what happens to one that is there.
struct OutputFormatOptions: ParsableArguments {
  @Option(help: "The output's format (default: from its name, else parquet)")
  var outputFormat: String?

  @Option(
    help: ArgumentHelp(
      "An option for writing the output's format, such as compression=zstd; may be given several "
        + "times.", valueName: "name=value"),
    transform: NamedValue.formatOption)
  var outputOption: [NamedValue] = []

  @Option(help: "What happens if the output exists: error, append, overwrite, ignore.")
  var mode: SaveMode = .error
}
