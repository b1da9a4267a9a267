import SparkConnectProtocol
import SwiftProtobuf

/// What happens if the target of a write exists.
public enum SaveMode: String, Sendable, Hashable, CaseIterable {
  /// The write fails (the default).
  case error
  case append, overwrite
  /// Nothing is written.
  case ignore

  var proto: Spark_Connect_WriteOperation.SaveMode {
    switch self {
    case .error: .errorIfExists
    case .append: .append
    case .overwrite: .overwrite
    case .ignore: .ignore
    }
  }
}

/// Writes a table to files or a table: `try await df.write.mode(.overwrite).parquet("out")`.
public struct DataFrameWriter: Sendable {
  package let table: DataFrame
  package private(set) var formatName: String?
  package private(set) var saveMode = SaveMode.error
  package private(set) var partitions: [String] = []
  package private(set) var options: [String: String] = [:]

  init(table: DataFrame) { self.table = table }

  private func with(_ change: (inout DataFrameWriter) -> Void) -> DataFrameWriter {
    var copy = self
    change(&copy)
    return copy
  }

  /// The format: `parquet`, `csv`, `json`, `orc`, `text`, `noop` (computes and forgets) ...
  public func format(_ name: String) -> DataFrameWriter { with { $0.formatName = name } }

  /// What happens where there is data already.
  public func mode(_ mode: SaveMode) -> DataFrameWriter { with { $0.saveMode = mode } }

  /// One folder of files for each value of `columns`.
  public func partitionBy(_ columns: String...) -> DataFrameWriter { partitionBy(columns) }

  /// One folder of files for each value of `columns`.
  public func partitionBy(_ columns: [String]) -> DataFrameWriter {
    with { $0.partitions = columns }
  }

  /// An option of the format.
  public func option(_ name: String, _ value: String) -> DataFrameWriter {
    with { $0.options[name] = value }
  }

  /// An option of the format that is `true` or `false`.
  public func option(_ name: String, _ value: Bool) -> DataFrameWriter { option(name, "\(value)") }

  /// Writes to `path`, or to where the format's options say.
  ///
  /// With ``SaveMode/error`` (the default) an empty folder counts as absent: a write that fails leaves
  /// one, and could not be repeated otherwise.
  ///
  /// - Throws: ``SparkError`` also if the mode is ``SaveMode/overwrite`` and the table is read from
  ///   files at, in or around `path`: Spark would delete them before it reads them. Which files a query in
  ///   SQL and a table of the catalog have, the server is asked.
  public func save(_ path: String? = nil) async throws {
    let target = path ?? options.first { $0.key.lowercased() == "path" }?.value
    if saveMode == .overwrite, let target { try await checkIsNotRead(target) }
    do {
      try await run { if let path { $0.path = path } }
    } catch let error as SparkError where error.condition == "PATH_ALREADY_EXISTS" {
      guard saveMode == .error, let target, try await isEmptyFolder(target) else { throw error }
      try await mode(.append).run { if let path { $0.path = path } }
    }
  }

  /// Formats that keep no earlier state of what is replaced.
  private static let plainFormats: Set<String> = [
    "avro", "csv", "json", "orc", "parquet", "text", "xml",
  ]

  private func checkIsNotRead(_ path: String) async throws {
    guard Self.plainFormats.contains(formatName?.lowercased() ?? "parquet") else { return }
    guard let read = try await table.fileRead(around: path) else { return }
    // Partitions that are replaced one by one are deleted after all is written.
    if !partitions.isEmpty, await replacesPartitions() { return }
    throw SparkError(
      .invalidArgument,
      "the table is read from '\(read)', which overwriting '\(path)' would delete before it is read; "
        + "write to another folder")
  }

  private func replacesPartitions() async -> Bool {
    let name = "partitionOverwriteMode"
    if let given = options.first(where: { $0.key.lowercased() == name.lowercased() }) {
      return given.value.lowercased() == "dynamic"
    }
    let set = try? await table.session.conf.get("spark.sql.sources." + name)
    return set?.lowercased() == "dynamic"
  }

  /// Writes a folder of Parquet files.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails to write, see ``save(_:)``;
  ///   `CancellationError` when the task is cancelled.
  public func parquet(_ path: String) async throws { try await format("parquet").save(path) }

  /// Writes a folder of text files with a separator, without names unless the option `header` is
  /// set.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails to write, see ``save(_:)``;
  ///   `CancellationError` when the task is cancelled.
  public func csv(_ path: String) async throws { try await format("csv").save(path) }

  /// Writes a folder of text files with a JSON object on each line.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails to write, see ``save(_:)``;
  ///   `CancellationError` when the task is cancelled.
  public func json(_ path: String) async throws { try await format("json").save(path) }

  /// Writes a folder of ORC files.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails to write, see ``save(_:)``;
  ///   `CancellationError` when the task is cancelled.
  public func orc(_ path: String) async throws { try await format("orc").save(path) }

  /// Writes a folder of text files, a line for each row of a single column of strings.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails to write, see ``save(_:)``;
  ///   `CancellationError` when the task is cancelled.
  public func text(_ path: String) async throws { try await format("text").save(path) }

  /// Writes to the table `name`, made if it does not exist.
  ///
  /// - Throws: ``SparkError`` if Spark refuses or fails to write; `CancellationError` when the task
  ///   is cancelled.
  public func saveAsTable(_ name: String) async throws {
    try await run {
      $0.table.tableName = name
      $0.table.saveMethod = .saveAsTable
    }
  }

  /// Adds the rows to the existing table `name`, columns matched by position.
  ///
  /// - Throws: ``SparkError`` if there is no such table, or Spark refuses or fails to write;
  ///   `CancellationError` when the task is cancelled.
  public func insertInto(_ name: String) async throws {
    try await run {
      $0.table.tableName = name
      $0.table.saveMethod = .insertInto
    }
  }

  private func run(_ target: (inout Spark_Connect_WriteOperation) -> Void) async throws {
    let scanned = try await table.scanned().table
    var write = Spark_Connect_WriteOperation()
    write.input = scanned.relation
    if let formatName { write.source = formatName }
    write.mode = saveMode.proto
    write.partitioningColumns = partitions
    write.options = options
    target(&write)
    let operation = write
    try await table.session.execute(.with { $0.writeOperation = operation }, calls: table.calls)
  }
}

extension DataFrame {
  /// Writes the table.
  public var write: DataFrameWriter { DataFrameWriter(table: self) }
}
