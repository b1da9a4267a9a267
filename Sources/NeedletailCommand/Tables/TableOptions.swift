import ArgumentParser
import Needletail

/// Where the rows come from and where they go: files, or tables that Spark knows by name.
struct TableOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The table to read: a file, a folder or a pattern, here or in a store (s3:, gs:, abfss:, hdfs:)."
    ))
  var input: String?

  @Option(
    help: ArgumentHelp(
      "The table to read, instead of --input: one of Spark's catalog, such as sales.reviews.",
      valueName: "name"))
  var table: String?

  @Option(
    help: ArgumentHelp(
      "What to read, instead of --input: the rows of a query that Spark computes.",
      valueName: "query"))
  var sql: String?

  @Option(
    help: "Where to write the result; - prints its first rows (20, or as many as --limit says).")
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The table of Spark's catalog to write the result to, instead of --output. With --mode append the "
        + "columns are found by their names.", valueName: "name"))
  var outputTable: String?

  @Option(
    help: ArgumentHelp(
      "The format of the input and of the output, where no other option tells it: delta, iceberg, or one "
        + "of files."))
  var format: String?

  @Option(
    help: ArgumentHelp(
      "The columns by whose values the output is divided: a folder of files for each.",
      valueName: "column,..."),
    transform: { try ColumnList($0, option: "--partition-by") })
  var partitionBy: ColumnList?

  @Option(
    help: ArgumentHelp(
      "A library (jar) for Spark, such as that of Delta or Iceberg; may be given several times.",
      valueName: "path"))
  var jar: [String] = []

  /// The names of those that were given.
  private static func given(_ options: [(name: String, isGiven: Bool)]) -> [String] {
    options.filter(\.isGiven).map(\.name)
  }

  /// What is wrong with the options, each a sentence without its end: all of it, so that one message tells
  /// it.
  ///
  /// - Parameters:
  ///   - isResumed: whether the job goes on with an output.
  ///   - formats: the options for the format of one table that were given.
  func problems(isResumed: Bool, formats: [String]) -> [String] {
    var problems: [String] = []
    let inputs = Self.given([
      ("--input", input != nil), ("--table", table != nil), ("--sql", sql != nil),
    ])
    if inputs.isEmpty {
      problems.append(
        "nothing says what to read: name files with --input, a table of Spark's with --table, or a query "
          + "with --sql")
    } else if inputs.count > 1 {
      problems.append("\(Self.list(inputs)) each say what to read; leave one of them")
    }
    let outputs = Self.given([("--output", output != nil), ("--output-table", outputTable != nil)])
    if outputs.isEmpty {
      problems.append(
        "nothing says where to write: name a file or a folder with --output (- prints rows), or a table of "
          + "Spark's with --output-table")
    } else if outputs.count > 1 {
      problems.append("\(Self.list(outputs)) each say where to write; leave one of them")
    }
    for format in formats where input == nil && !inputs.isEmpty {
      if ["--input-format", "--input-option"].contains(format) {
        problems.append(
          "\(format) is for files (--input), and \(inputs[0]) needs none; leave it out")
      }
    }
    if format != nil, formats.contains("--input-format"), formats.contains("--output-format") {
      problems.append(
        "--format says what --input-format and --output-format say each for one table; leave it out"
      )
    }
    if isResumed {
      for option in Self.given([
        ("--output-table", outputTable != nil), ("--partition-by", partitionBy != nil),
      ]) {
        problems.append("--resume goes on in a plain folder of files; leave out \(option)")
      }
    }
    if output == "-", partitionBy != nil {
      problems.append(
        "--partition-by divides files, and --output - prints rows; name a folder")
    }
    return problems
  }

  /// `a and b`, `a, b and c`.
  private static func list(_ names: [String]) -> String {
    names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
  }

  /// The options that Spark alone can do, if there are some.
  var ofSpark: [String] {
    Self.given([
      ("--table", table != nil), ("--sql", sql != nil), ("--output-table", outputTable != nil),
      ("--partition-by", partitionBy != nil), ("--jar", !jar.isEmpty),
    ])
  }

  /// What is read, for messages.
  var source: String { input ?? table ?? sql ?? "" }

  /// What is written, for messages.
  var target: String { output ?? outputTable.map { "the table \($0)" } ?? "" }

  /// Whether rows are printed instead of written.
  var isPrinted: Bool { output == "-" }
}
