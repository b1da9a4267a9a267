import FoundationEssentials
import Needletail
import Texts

extension PredictionJob {
  func run(_ spark: SparkSession) async throws {
    // Before anything is asked for that another engine answers in another way than Spark.
    try await spark.requireFunctions()
    spark.scan = request.scan
    try await prepare(spark)
    if try await isIgnored(on: spark) { return tellIgnored() }
    try await tables.checkArePlain(on: spark, reading.name, writing.name, mode)

    tellOmitted()
    let (table, known) = try await opened(spark)
    if request.isResumed { return try await resume(table, known, spark) }
    let passing = PassingRows("needletail.written", prediction.errors)
    var result = try await predictions(of: table, known, counted: passing)
    if request.isPrinted {
      let text = try await result.showString(request.shownRows)
      return print(FittedTable.text(text, width: Terminal.output.tableWidth), terminator: "")
    }
    if writing.isCSV { result = try await result.withNestedAsJSON() }
    let start = ContinuousClock.now
    if let catalogTable {
      try await catalogTable.write(result, on: spark)
    } else {
      try await write(result, mode)
    }
    if request.quiet, request.metrics == nil { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rows: Int
    if let counted = passing.rows { rows = counted } else { rows = try await table.count() }
    let failures = passing.failures
    if let file = request.metrics {
      try RunMetrics(self, engine: "spark", rows: rows, failures, seconds: seconds).write(to: file)
    }
    if request.quiet { return }
    print(
      Self.summaryLine(
        rows: rows, seconds: seconds, loadSeconds: loadSeconds, output: request.output,
        catalogTable == nil ? writing.name : nil))
    tell(failures, of: rows)
  }

  /// Says how many rows failed, by what was wrong, with an example of each.
  func tell(_ failures: RowFailures?, of rows: Int) {
    guard let failures else {
      return StatusLine.shared.note(
        "how many rows failed is not known: the server tells nothing of the rows that have passed")
    }
    if failures.count > 0 { print(failures.report(of: rows)) }
  }

  /// The columns that are written, computed from a table with the schema `known`.
  ///
  /// - Parameter passing: counts the rows as they pass.
  func predictions(
    of table: DataFrame, _ known: StructType, counted passing: PassingRows? = nil
  ) async throws -> DataFrame {
    let names = try columns(of: known)
    var prediction = prediction
    prediction.failureColumn = passing?.failureColumn
    let predicted: DataFrame
    do {
      predicted = try await table.predicting(
        source, loaded: model, prediction, as: PredictionForm(request.resources))
    } catch let error as InferenceError {
      throw advised(error, known)
    }
    let added = try await predicted.schema().fields.dropFirst(known.count)
    let result = predicted.select((names + added.map(\.name)).map { column(named: $0) })
    return passing?.counting(result) ?? result
  }

  /// Writes a table to the output.
  func write(_ table: DataFrame, _ mode: SaveMode) async throws {
    let partitions = request.places.partitionBy?.names ?? []
    try await writing.options.reduce(
      table.write.format(writing.name).mode(mode).partitionBy(partitions)
    ) {
      $0.option($1.key, $1.value)
    }.save(request.output)
  }

  /// The table of Spark's catalog that is written to, if it is one.
  private var catalogTable: CatalogTable? {
    request.places.outputTable.map {
      CatalogTable(
        name: $0, mode: mode, format: writing, partitions: request.places.partitionBy?.names ?? [])
    }
  }

  /// Whether there is nothing to do, because what Spark alone can see exists and shall stay.
  ///
  /// - Throws: ``CommandFailure`` if it must not exist and does.
  func isIgnored(on spark: SparkSession) async throws -> Bool {
    if let catalogTable {
      return try await catalogTable.isIgnored(on: spark, isOwn: tables.startsSpark)
    }
    // On this machine that was seen before Spark started.
    guard !request.isPrinted, !tables.isOutputSeen, mode == .error || mode == .ignore,
      let output = request.places.output, try await spark.hasFiles(at: output)
    else { return false }
    if mode == .ignore { return true }
    throw tables.outputExists
  }

  /// Tells the session the settings, and sends it what formats need.
  func prepare(_ spark: SparkSession) async throws {
    try await spark.prepare(
      settings, jars: request.places.jar, formats: [reading.name, writing.name],
      isOwn: tables.startsSpark)
  }

  /// - Parameter format: the format of the files; `nil` for a table of a catalog, whose name tells none.
  static func summaryLine(
    rows: Int, seconds: Double, loadSeconds: Double, output: String, _ format: String?
  ) -> String {
    let rate = seconds > 0 ? Double(rows) / seconds : 0
    return "\(rows) rows in \(seconds.fixed(2)) s (\(rate.fixed(0)) rows/s), "
      + "model load \(loadSeconds.fixed(3)) s, written to \(output)\(format.map { " as \($0)" } ?? "")"
  }

  /// `error` as what is wrong in the command line, if it is about a column that this names.
  func advised(_ error: InferenceError, _ table: StructType) -> any Error {
    guard let (input, column) = givenColumn(in: error) else { return error }
    let advice = ColumnList.advice(behind: "\(error)", about: column, among: table.names) {
      "--map '\(input)=\($0)'"
    }
    return CommandFailure("\(error)\(advice)", cause: error)
  }

  /// Whether it is known without Spark that there is nothing to do.
  var isIgnored: Bool { tables.isOutputThere && mode == .ignore }

  func tellIgnored() {
    if !request.quiet { print("nothing written: \(request.output) exists (--mode ignore)") }
  }

  /// Says which outputs of the model are not among the columns, and why.
  func tellOmitted() {
    if request.quiet || prediction.only != nil { return }
    for output in model.omittedOutputs {
      let line = "left out: the output \(output). --outputs takes others alone"
      StatusLine.shared.note(line)
    }
  }

  /// The input with its schema.
  func opened(_ spark: SparkSession) async throws -> (DataFrame, StructType) {
    var table = try await source(spark)
    if let sample = request.sample {
      let count = try await table.count()
      if count > sample { table = table.sample(Double(sample) / Double(count), seed: 1) }
    }
    if let limit = request.limit { table = table.limit(limit) }
    let known = try await table.schema()
    try check(known)
    return (table, known)
  }

  /// The input as it is.
  private func source(_ spark: SparkSession) async throws -> DataFrame {
    if let name = request.places.table { return spark.table(name) }
    if let query = request.places.sql { return try await spark.sql(query) }
    return reading.options.reduce(spark.read.format(reading.name)) {
      $0.option($1.key, $1.value)
    }.load(request.input)
  }

  /// Refuses a table that was not read as it was meant.
  func check(_ table: StructType) throws {
    if reading.assumesHeader, TableFormat.areNumbers(table.names) {
      throw TableFormat.withoutHeader(request.input, table.names)
    }
    if table.names == ["_corrupt_record"] {
      throw CommandFailure(
        "'\(request.input)' is not JSON with one object in each line; if its objects go over several "
          + "lines, or it is one array, say --input-option multiLine=true")
    }
  }

  /// Says why Spark is used though nobody asked for it.
  func tellSpark(_ reason: String) {
    if request.quiet { return }
    var line = String(reason.prefix { $0 != "\n" })
    // A search for a library tells of all its places.
    if line.count < reason.count {
      if line.hasSuffix(":") { line.removeLast() }
      line += " (--engine local says more)"
    }
    StatusLine.shared.note("Spark is used: \(line)")
  }

  /// The columns of the input that are written.
  func columns(of table: StructType) throws -> [String] {
    guard let kept else { return table.names }
    if let key = request.resumeKey.first(where: { key in
      !kept.contains { $0.lowercased() == key.lowercased() } && table[key] != nil
    }) {
      throw CommandFailure(
        "--resume \(key): the column must be in the output, so that a later run finds its rows there; add "
          + "it to --keep")
    }
    return try kept.map { name in
      guard let field = table[name] else {
        let message =
          "--keep names the column '\(name)', which the table does not have; it has "
          + table.names.joined(separator: ", ")
        throw CommandFailure(
          message
            + ColumnList.advice(behind: message, about: name, among: table.names) {
              "--keep '\($0)'"
            })
      }
      return field.name
    }
  }

  /// The column that the command line names and the table does not have, if that is what `error` says,
  /// and the input that it was named for.
  private func givenColumn(in error: InferenceError) -> (input: String, column: String)? {
    for (input, columns) in prediction.inputs {
      for column in columns.names
      where error.message.contains("no column '\(column)' for the model's input \(input):") {
        return (input, column)
      }
    }
    return nil
  }
}
