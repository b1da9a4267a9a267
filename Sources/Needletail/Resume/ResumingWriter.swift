import FoundationEssentials
import HostProcesses
import LocalEngine
import ModelKinds
import SparkConnect
import SparkTypes

/// Writes the rows of a table with predictions that an output does not have yet:
/// `try await table.write.resume(key: "id").parquet("out")`.
public struct ResumingWriter: Sendable {
  let writer: DataFrameWriter
  /// The names of the columns that tell rows apart, as the user gave them.
  let key: [String]
  /// Whether the rows that are there are removed.
  let isRestarted: Bool
  /// About how many rows a part has; `nil` for a tenth of those that are missing.
  let partRows: Int?

  /// The number of parts if nobody said how many rows one has.
  private static let parts = 10

  /// How many parts of `count` rows `rows` rows are.
  static func parts(of count: Int, for rows: Int) -> Int {
    rows / count + (rows % count == 0 ? 0 : 1)
  }

  private func with(_ writer: DataFrameWriter) -> ResumingWriter {
    ResumingWriter(writer: writer, key: key, isRestarted: isRestarted, partRows: partRows)
  }

  /// The format: `parquet` (the default), `orc`, `avro` or `json` (one object a line).
  public func format(_ name: String) -> ResumingWriter { with(writer.format(name)) }

  /// An option of the format.
  public func option(_ name: String, _ value: String) -> ResumingWriter {
    with(writer.option(name, value))
  }

  /// An option of the format that is `true` or `false`.
  public func option(_ name: String, _ value: Bool) -> ResumingWriter { option(name, "\(value)") }

  /// Writes a folder of Parquet files.
  ///
  /// - Throws: as ``save(_:)``.
  @discardableResult
  public func parquet(_ path: String) async throws -> ResumeSummary {
    try await format("parquet").save(path)
  }

  /// Writes a folder of text files with a JSON object on each line.
  ///
  /// - Throws: as ``save(_:)``.
  @discardableResult
  public func json(_ path: String) async throws -> ResumeSummary {
    try await format("json").save(path)
  }

  /// Writes a folder of ORC files.
  ///
  /// - Throws: as ``save(_:)``.
  @discardableResult
  public func orc(_ path: String) async throws -> ResumeSummary {
    try await format("orc").save(path)
  }

  /// Writes to the folder `path`, as Spark sees it.
  ///
  /// - Returns: what was done.
  /// - Throws: `NeedletailError` if another model or another question wrote what is there, another job is
  ///   writing, or a key is missing, computed, null or that of two rows; `FileTableError` if the folder of
  ///   a Spark on this machine cannot be written; ``SparkError`` if the table is not computed row by row, or
  ///   Spark refuses or fails to read or write; `CancellationError` when the task is cancelled. Parts that
  ///   are whole stay.
  @discardableResult
  public func save(_ path: String) async throws -> ResumeSummary {
    try checkWriter()
    if StoragePath(path).isPattern {
      try refuse(
        "resume (--resume): to Spark '\(path)' is a pattern, by which it would look for the rows that are "
          + "there in other folders; name an output without * ? [ and {")
    }
    let table = writer.table
    let part = try RowwisePart(of: table)
    let origins = part.functions.map { ($0.name, $0.origin as? PredictionOrigin) }
    for (_, origin) in origins {
      try refuse(origin.flatMap { Resumption.problem(with: $0.request) })
    }
    let schema = try await table.schema()
    let keys = try ResumeKeys(key, of: part, of: schema, try await part.input.schema(), format)
    let errors = try errorColumns(origins.compactMap { $0.1?.request }, schema)
    let read = try await part.input.fileRead(around: path)
    try refuse(read.map { Resumption.reads($0, writing: path) })
    let note = try OutputNote(
      key: keys.fields.map(\.name), schema: schema, format: format,
      predictions: origins.compactMap { $0.1?.lineage },
      functions: origins.filter { $0.1 == nil }.map(\.0))

    let output = try ResumableOutput(
      table.session, path, format: format, options: writer.options, schema)
    defer { output.clean() }
    try await output.begin(note, isRestarted: isRestarted) {
      try await write(table.limit(0), to: path, .overwrite)
    }
    try await keys.check()
    let redone = try await output.removeRows(with: errors)
    let done = output.rows
    try await keys.check(done, at: path)
    let rest = keys.missing(in: done)
    let rows = try await rest.count()
    // The output may have rows that this table does not.
    let skipped = try await part.input.count() - rows
    let parts = partRows.map { Self.parts(of: $0, for: rows) } ?? min(Self.parts, rows)
    // Several jobs of one session may go on at the same time.
    let run = UUID().uuidString
    let start = ContinuousClock.now
    var counted: [PassingRows] = []
    for number in 0..<parts {
      // Of these rows none is in another part, so that the ones that are done stay those of the beginning.
      let some = parts == 1 ? rest : rest.filter(keys.isIn(part: number, of: parts))
      let seen = errors.enumerated().map { place, name in
        PassingRows("needletail.resumed.\(run).\(number).\(place)", told: name)
      }
      let passing = seen.reduce(part.computed(from: some)) { $1.counting($0) }
      try await write(passing, to: path, .append)
      counted += seen
    }
    // A table without rows is a file without rows, which tells its columns.
    if parts == 0, try await !output.hasFiles { try await write(table.limit(0), to: path, .append) }
    return ResumeSummary(
      rows: rows, elapsed: ContinuousClock.now - start, skipped: skipped, redone: redone,
      failures: PassingRows.failures(of: counted))
  }

  private func write(_ table: DataFrame, to path: String, _ mode: SaveMode) async throws {
    try await writer.options.reduce(table.write.format(format).mode(mode)) {
      $0.option($1.key, $1.value)
    }.save(path)
  }

  // MARK: What can be resumed

  private var format: String { writer.formatName?.lowercased() ?? "parquet" }

  private func refuse(_ problem: String?) throws {
    if let problem { throw NeedletailError(.usage, problem) }
  }

  private func checkWriter() throws {
    if key.isEmpty { try refuse(Resumption.withoutKey) }
    try refuse(Resumption.problem(with: writer.saveMode))
    try refuse(Self.problem(withFormat: format))
    if !writer.partitions.isEmpty {
      try refuse("resume goes on in a plain folder of files; leave out partitionBy")
    }
  }

  /// Why a format keeps nothing with which a later run could go on; `nil` if it does.
  package static func problem(withFormat format: String) -> String? {
    let known = ResumableOutput.formats
    if known.contains(format) { return nil }
    return
      "resume (--resume) writes \(known.joined(separator: ", ")) on Spark: of \(format) a later run could "
      + "not tell by their keys which rows are there"
  }

  /// The columns that tell which rows failed.
  private func errorColumns(
    _ requests: [PredictionRequest], _ schema: StructType
  ) throws -> [String] {
    try requests.compactMap { request in
      guard case .column(let name) = request.errors else { return nil }
      guard request.structure == nil, let field = schema[name], field.type.isString else {
        throw NeedletailError(.usage, Resumption.isMissing(errorColumn: name))
      }
      return field.name
    }
  }
}
