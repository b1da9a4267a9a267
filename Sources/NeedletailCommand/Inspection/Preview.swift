import ArgumentParser
import Needletail

/// Shows what is in a table.
struct Preview: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows a table's columns, their types, and some rows.",
    discussion: """
      Files are read as by predict, and no more of them than these rows take: by this process where it can, \
      else by Spark. On a terminal columns that have no room are named below the table.
      """)

  @Argument(
    help: "The table: a file, a folder or a pattern, here or in a store (s3:, gs:, abfss:, hdfs:).")
  var table: String

  @Option(help: "The number of rows.")
  var rows = 10

  @Option(help: "The columns to show, with commas between them (default: all)")
  var columns: String?

  @Option(help: "Cut values that are longer than so many characters; 0 for none.")
  var truncate = 20

  @OptionGroup
  var format: InputFormatOptions

  @Option(help: "What reads: auto (this process, if it can), local (this process), or spark.")
  var engine: EngineChoice.Wish = .auto

  @Option(
    help: "The Spark Connect server, sc://host:port (default: SPARK_REMOTE, else none is needed)")
  var remote: String?

  @OptionGroup
  var messages: MessageOptions

  @OptionGroup
  var optionsFile: ConfigurationOptions

  func validate() throws {
    if rows < 1 { throw ValidationError("--rows is \(rows), it must be at least 1") }
    if truncate < 0 { throw ValidationError("--truncate is \(truncate), it must be 0 or more") }
  }

  func run() async throws {
    messages.begin()
    let names = try columns.map { try ColumnList($0, option: "--columns").names }
    let places = TablePlaces(input: table, output: "-", remote: engine == .local ? "" : remote)
    try places.checkInput()
    try places.checkInputIsPlain(format.inputFormat)
    let reading = try format.reading(table, on: places.localInput)
    var choice = EngineChoice.asked(engine, remote: remote)
    choice.reading = reading.name
    choice.hadoopPath = places.hadoopPath
    choice.missingLibrary = { EngineChoice.missingFileLibrary() }
    switch choice.engine {
    case .refused(let reason): throw CommandFailure(reason)
    case .local:
      let found = try reading.options.reduce(LocalTable.read.format(reading.name)) {
        $0.option($1.key, $1.value)
      }.load(table)
      let shown = try found.select(
        try Self.names(names, of: found.schema).map { column(named: $0) })
      tell(found.schema, reading, rows: found.facts().rows)
      show(try await shown.showString(rows, truncate: truncate))
    case .spark(let reason):
      if let reason { StatusLine.shared.note("Spark is used: \(reason.prefix { $0 != "\n" })") }
      try await runOnSpark(reading, names, places)
    }
  }

  private func runOnSpark(
    _ reading: TableFormat, _ names: [String]?, _ places: TablePlaces
  ) async throws {
    try SparkServer.check(remote)
    messages.tellSparkLog(remote: remote)
    let status = await ProgramRun(functions: [], remote: remote) { [self] spark in
      try await places.checkArePlain(on: spark, reading.name)
      let found = reading.options.reduce(spark.read.format(reading.name)) {
        $0.option($1.key, $1.value)
      }.load(table)
      let schema = try await found.schema()
      let shown = found.select(try Self.names(names, of: schema).map { column(named: $0) })
      let text = try await shown.showString(rows, truncate: truncate)
      tell(schema, reading, rows: nil)
      show(text)
    }.exitStatus(of: CommandFailure.status)
    if status != 0 { throw ExitCode(status) }
  }

  /// The columns to show.
  private static func names(_ asked: [String]?, of schema: StructType) throws -> [String] {
    guard let asked else { return schema.names }
    return try asked.map { name in
      if let field = schema[name] { return field.name }
      let nearest = Suggestion.text(for: name, among: schema.names)
      throw CommandFailure(
        "--columns names the column '\(name)', which the table does not have; it has "
          + schema.names.joined(separator: ", ") + nearest)
    }
  }

  private func tell(_ schema: StructType, _ reading: TableFormat, rows: Int?) {
    let count = rows.map { ", \($0) \($0 == 1 ? "row" : "rows")" } ?? ""
    print("\(table): \(reading.name)\(count), \(schema.fields.count) columns")
    for field in schema { print("  \(SQLIdentifier(field.name)) \(field.type)") }
  }

  private func show(_ text: String) {
    print(FittedTable.text(text, width: Terminal.output.tableWidth), terminator: "")
  }
}
