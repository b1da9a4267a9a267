import FoundationEssentials
import Needletail

extension PredictionJob {
  /// Formats in which Spark reads keys as it wrote them.
  private static let resumable = ["parquet", "orc", "avro", "json"]
  /// The number of parts if nobody said how many rows one has.
  private static let parts = 10

  /// The folder with the note of what computes the output.
  private var noteFolder: String {
    request.output + (request.output.hasSuffix("/") ? "" : "/") + GrowingFolder.noteFolder
  }

  /// Predicts the rows of `input` that the output does not have, and appends them, part by part.
  func resume(_ input: DataFrame, _ known: StructType, _ spark: SparkSession) async throws {
    let key = try resumeFields(of: known)
    let result = try await predictions(of: input, known)
    let schema = try await result.schema()
    let note = try OutputNote(
      key: key.map(\.name), schema: schema, format: writing.name,
      predictions: [PredictionLineage(source, prediction)])
    let folder = try ownFolder(schema)
    defer { folder?.clean() }
    try await begin(note, result, spark, isAlone: folder != nil)
    try await checkKeys(of: input, key)

    let done = output(spark, schema).select(key.map { column(named: $0.name) })
    let redone = try await redo(schema, folder, spark)
    let doneRows = try await done.count()
    let rest = input.join(done, on: key.map(\.name), .leftAnti)
    let rows = try await rest.count()
    let parts = request.partRows.map { (rows + $0 - 1) / $0 } ?? min(Self.parts, rows)
    let keys = key.map { SQLIdentifier.quoted($0.name) }.joined(separator: ", ")
    let start = ContinuousClock.now
    var failures: RowFailures? = RowFailures()
    for part in 0..<parts {
      // Of these rows none is in another part, so that the ones that are done stay those of the beginning.
      let table = parts == 1 ? rest : rest.filter("pmod(xxhash64(\(keys)), \(parts)) = \(part)")
      let passing = PassingRows("needletail.written.\(part)", prediction.errors)
      try await write(try await predictions(of: table, known, counted: passing), .append)
      failures = passing.failures.flatMap { found in
        failures.map { known in
          var sum = known
          sum.add(found)
          return sum
        }
      }
    }
    // A table without rows is a file without rows, which tells its columns.
    if parts == 0, try await !hasFiles(spark) { try await write(result.limit(0), .append) }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if let file = request.metrics {
      var metrics = RunMetrics(self, engine: "spark", rows: rows, failures, seconds: seconds)
      metrics.skippedRows = doneRows
      metrics.redoneRows = redone
      try metrics.write(to: file)
    }
    if request.quiet { return }
    print(
      Self.summaryLine(
        rows: rows, seconds: seconds, loadSeconds: loadSeconds, output: request.output,
        writing.name))
    if doneRows + redone > 0 { print(Self.resumeLine(done: doneRows, redone: redone)) }
    tell(failures, of: rows)
  }

  // MARK: Before anything is computed

  /// The columns that tell rows apart.
  private func resumeFields(of table: StructType) throws -> [StructField] {
    if let problem = Resumption.problem(with: prediction) { throw CommandFailure(problem) }
    guard Self.resumable.contains(writing.name) else {
      throw CommandFailure(
        "--resume writes \(Self.resumable.joined(separator: ", ")): of \(writing.name) a later run could not "
          + "tell by their keys which rows are there")
    }
    return try request.resumeKey.map { name in
      guard let field = table[name] else {
        throw CommandFailure(
          "--resume names the column '\(name)', which the table does not have; it has "
            + table.names.joined(separator: ", "))
      }
      if let problem = Resumption.problem(with: field, inJSON: writing.name == "json") {
        throw CommandFailure("--resume: " + problem)
      }
      return field
    }
  }

  /// The output, kept from other processes, if it is on this machine and so is the Spark, which ends with
  /// this process; `nil` if it is not, or Spark alone writes its format.
  private func ownFolder(_ schema: StructType) throws -> GrowingFolder? {
    guard let output = tables.localOutput, let format = FileFormat(named: writing.name),
      EngineChoice.missingFileLibrary() == nil
    else { return nil }
    // To Spark all names are those of folders.
    let folder = try GrowingFolder(
      output + "/", format: format, options: writing.options, schema: schema)
    try folder.open()
    return folder
  }

  /// Makes sure that the output is this job's, and says so in it.
  ///
  /// - Parameter isAlone: whether no other job can be writing to it.
  private func begin(
    _ note: OutputNote, _ result: DataFrame, _ spark: SparkSession, isAlone: Bool
  ) async throws {
    let hasFiles = try await hasFiles(spark)
    let existing = try await existingNote(spark)
    if !request.restart, hasFiles || existing != nil {
      try note.check(existing, of: request.output)
    }
    let pending = request.output + (request.output.hasSuffix("/") ? "" : "/") + "_temporary"
    if isAlone, let local = tables.localOutput {
      // A killed job's, of which Spark would take what some tasks have ended a second time.
      try? FileManager.default.removeItem(atPath: local + "/_temporary")
    } else if try await spark.hasFiles(at: pending) {
      throw CommandFailure(
        "another job is writing to '\(request.output)', or one was killed while it did: there is "
          + "'\(pending)', of which Spark would take rows a second time. When no job is running any more, "
          + "remove that folder, and give the command again")
    }
    if request.restart, hasFiles || existing != nil { try await write(result.limit(0), .overwrite) }
    if existing == nil || request.restart {
      let text = String(decoding: try note.encoded(isPretty: false).dropLast(), as: UTF8.self)
      try await spark.createDataFrame(
        [try RecordBatch([("value", ArrowColumn.strings([text]))])]
      ).coalesce(1).write.format("text").mode(.overwrite).save(noteFolder)
    }
  }

  private func existingNote(_ spark: SparkSession) async throws -> OutputNote? {
    guard try await spark.hasFiles(at: noteFolder) else { return nil }
    let rows = try await spark.read.option("wholetext", true).text(noteFolder).collect()
    guard let row = rows.first else { return nil }
    // Of two files none is right.
    let text = rows.count == 1 ? try row.get("value", as: String.self) : ""
    return try OutputNote(Array(text.utf8), of: request.output)
  }

  private func hasFiles(_ spark: SparkSession) async throws -> Bool {
    guard try await spark.hasFiles(at: request.output) else { return false }
    let files = spark.read.binaryFile(request.output).select(column(named: "path")).limit(1)
    return try await files.count() > 0
  }

  /// The rows that are there.
  private func output(_ spark: SparkSession, _ schema: StructType) -> DataFrame {
    // Everything in files may be null.
    let columns = StructType(schema.fields.map { StructField($0.name, $0.type) })
    return writing.options.reduce(spark.read.format(writing.name).schema(columns)) {
      $0.option($1.key, $1.value)
    }.load(request.output)
  }

  /// Makes sure that each row has a key of its own.
  private func checkKeys(of table: DataFrame, _ key: [StructField]) async throws {
    let fields = key.enumerated().map { "'k\($0)', \(SQLIdentifier.quoted($1.name))" }
    let nulls = key.indices.map { "key.k\($0) is null" }.joined(separator: " or ")
    let odd = try await table.select(
      expr("named_struct(\(fields.joined(separator: ", ")))").as("key")
    )
    .groupBy(col("key")).agg(count().as("rows")).filter("rows > 1 or \(nulls)")
    .limit(1).collect()
    guard case .structure(let values)? = odd.first?.values.first else { return }
    let names = key.map(\.name).joined(separator: ", ")
    if values.contains(.null) {
      throw CommandFailure(
        "--resume: a row has no \(names); each row needs a key of its own, by which it is found in the "
          + "output. Name other columns, or give the rows numbers")
    }
    let text: String = values.map { (value: ArrowValue) -> String in
      switch value {
      case .int(let number): "\(number)"
      case .string(let text): "'\(text.prefix(100))'"
      case .decimal(let number): "\(number)"
      default: "\(value)"
      }
    }.joined(separator: ", ")
    let problem =
      "--resume: several rows have the \(names) \(text); each row needs a key of its own, "
    throw CommandFailure(
      problem + "by which it is found in the output. Name further columns, or take the others out")
  }

  /// Takes the rows that failed out of the output, if files can be written again.
  ///
  /// - Returns: how many there were.
  private func redo(
    _ schema: StructType, _ folder: GrowingFolder?, _ spark: SparkSession
  ) async throws -> Int {
    guard case .column(let name)? = request.asked.onError, try await hasFiles(spark) else {
      return 0
    }
    let failed = try await output(spark, schema).filter(column(named: name).isNotNull).count()
    if failed == 0 { return 0 }
    guard let folder else {
      throw CommandFailure(
        "\(failed) rows of '\(request.output)' have an error and are to be done again, and Spark cannot take "
          + "them out of files: go on without Spark (--engine local), which writes these parts again, or "
          + "begin anew with --restart")
    }
    return try folder.removeRows(with: name)
  }
}
