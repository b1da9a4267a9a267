import ArrowIPC
import FileTables
import FoundationEssentials
import HostProcesses
import LocalEngine
import ModelKinds
import SparkConnect
import SparkTypes

/// A folder to which several runs on Spark append, with a note of what computes its rows.
struct ResumableOutput {
  /// Formats in which Spark reads keys as it wrote them.
  static let formats = ["parquet", "orc", "avro", "json"]

  private let spark: SparkSession
  private let path: String
  private let format: String
  private let options: [String: String]
  private let schema: StructType
  /// The folder on this machine, if Spark ends with this process, so that no other job can be writing to it.
  private let ownPath: String?
  /// The same, kept from other processes; `nil` also where Spark alone writes the format.
  private let folder: GrowingFolder?

  /// - Throws: `FileTableError` if another process writes to the folder.
  init(
    _ spark: SparkSession, _ path: String, format: String, options: [String: String],
    _ schema: StructType
  ) throws {
    (self.spark, self.path, self.format) = (spark, path, format)
    (self.options, self.schema) = (options, schema)
    ownPath = spark.ownPath(path)
    guard let ownPath, let format = FileFormat(named: format),
      EngineChoice.missingFileLibrary() == nil
    else {
      folder = nil
      return
    }
    // To Spark all names are those of folders.
    let folder = try GrowingFolder(
      ownPath + "/", format: format, options: options, schema: schema)
    try folder.open()
    self.folder = folder
  }

  private func place(_ name: String) -> String { path + (path.hasSuffix("/") ? "" : "/") + name }

  private var notePlace: String { place(GrowingFolder.noteFolder) }

  /// Gives the folder back to other processes.
  func clean() { folder?.clean() }

  /// Whether there are files with rows.
  var hasFiles: Bool {
    get async throws {
      guard try await spark.isThere(path) else { return false }
      let files = spark.read.binaryFile(path).select(column(named: "path")).limit(1)
      return try await files.count() > 0
    }
  }

  /// The rows that are there.
  var rows: DataFrame {
    // Everything in files may be null.
    let columns = StructType(schema.fields.map { StructField($0.name, $0.type) })
    return options.reduce(spark.read.format(format).schema(columns)) {
      $0.option($1.key, $1.value)
    }.load(path)
  }

  // MARK: Before anything is computed

  /// Makes sure that the output is this job's, and says so in it.
  ///
  /// - Parameters:
  ///   - note: what computes the rows.
  ///   - isRestarted: whether the rows that are there are removed.
  ///   - remove: removes them.
  /// - Throws: `NeedletailError` if something else computed what is there, or another job is writing.
  func begin(
    _ note: OutputNote, isRestarted: Bool, remove: () async throws -> Void
  ) async throws {
    let hasFiles = try await hasFiles
    let existing = isRestarted ? nil : try await existingNote()
    if !isRestarted, hasFiles || existing != nil { try note.check(existing, of: path) }
    try await removePending()
    if isRestarted {
      let hasNote = try await spark.isThere(notePlace)
      if hasFiles || hasNote { try await remove() }
    }
    if existing == nil {
      let text = String(decoding: try note.encoded(isPretty: false).dropLast(), as: UTF8.self)
      try await spark.createDataFrame(
        [try RecordBatch([("value", ArrowColumn.strings([text]))])]
      ).coalesce(1).write.format("text").mode(.overwrite).save(notePlace)
    }
  }

  private func existingNote() async throws -> OutputNote? {
    guard try await spark.isThere(notePlace) else { return nil }
    let rows = try await spark.read.option("wholetext", true).text(notePlace).collect()
    guard let row = rows.first else { return nil }
    // Of two files none is right.
    let text = rows.count == 1 ? try row.get("value", as: String.self) : ""
    return try OutputNote(Array(text.utf8), of: path)
  }

  /// Removes what a killed job has left, of which Spark would take what some tasks have ended a second time.
  ///
  /// - Throws: `NeedletailError` where it may be that of a job that is running.
  private func removePending() async throws {
    if folder != nil, let ownPath {
      try? FileManager.default.removeItem(atPath: ownPath + "/_temporary")
      return
    }
    let pending = place("_temporary")
    guard try await spark.isThere(pending) else { return }
    throw NeedletailError(
      .usage,
      "another job is writing to '\(path)', or one was killed while it did: there is '\(pending)', of which "
        + "Spark would take rows a second time. When no job is running any more, remove that folder, and "
        + "run this again")
  }

  /// Takes the rows that failed out, if files can be written again.
  ///
  /// - Parameter columns: those that tell which rows failed.
  /// - Returns: how many there were.
  /// - Throws: `NeedletailError` if there are some that cannot be taken out.
  func removeRows(with columns: [String]) async throws -> Int {
    guard !columns.isEmpty, try await hasFiles else { return 0 }
    let conditions = columns.map { column(named: $0).isNotNull }
    let failed = try await rows.filter(
      conditions.dropFirst().reduce(conditions[0]) { $0 || $1 }
    ).count()
    if failed == 0 { return 0 }
    guard let folder else {
      throw NeedletailError(
        .usage,
        "\(failed) rows of '\(path)' have an error and are to be done again, and Spark cannot take them out "
          + "of files: go on without Spark (LocalTable, --engine local), which writes these parts again, or "
          + "begin anew with restarting: true (--restart)")
    }
    return try columns.reduce(0) { try $0 + folder.removeRows(with: $1) }
  }
}
