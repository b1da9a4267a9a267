import ArrowIPC
import FileTables
public import SparkConnect
import SparkTypes

/// Writes a table to files without Spark: `try await table.write.mode(.overwrite).parquet("out")`.
///
/// A name with an extension (`out.parquet`) becomes one file, with the rows in their order; any other
/// name a folder of parts. Nothing is under the final name before all is written.
public struct LocalTableWriter: Sendable {
  let table: LocalTable
  private var format: String?
  private var saveMode = SaveMode.error
  private var options: [String: String] = [:]

  init(table: LocalTable) { self.table = table }

  private func with(_ change: (inout LocalTableWriter) -> Void) -> LocalTableWriter {
    var copy = self
    change(&copy)
    return copy
  }

  /// The format: `parquet`, `csv`, `json` (one object a line), `arrow` or `text`. Without it the name
  /// tells.
  public func format(_ name: String) -> LocalTableWriter { with { $0.format = name } }

  /// What happens where there is data already.
  public func mode(_ mode: SaveMode) -> LocalTableWriter { with { $0.saveMode = mode } }

  /// An option of the format.
  public func option(_ name: String, _ value: String) -> LocalTableWriter {
    with { $0.options[name] = value }
  }

  /// An option of the format that is `true` or `false`.
  public func option(_ name: String, _ value: Bool) -> LocalTableWriter {
    option(name, "\(value)")
  }

  /// Refuses what can be refused before anything is read or computed.
  ///
  /// - Throws: `FileTableError` if there is something at `path` already, or only Spark writes this.
  package func check(_ path: String) throws {
    try FileSink.check(
      path, format: try format.map { try FileFormat.known($0) }, options: options,
      mode: saveMode.fileMode)
  }

  /// Writes to `path`, a file or folder on this machine or in a store.
  ///
  /// - Returns: what was done; no rows with ``SaveMode/ignore`` where there is something already.
  /// - Throws: `FileTableError` if there is something already, or it cannot be written;
  ///   ``LocalTableError`` if that would delete what is read; what reading and computing throw;
  ///   `CancellationError` when the task is cancelled.
  @discardableResult
  public func save(_ path: String) async throws -> LocalSummary {
    if saveMode == .overwrite,
      let read = table.input.paths.first(where: {
        StoragePath.replacing(path, deletes: $0, isLocal: true)
      })
    {
      throw LocalTableError(
        .invalidArgument,
        "the table is read from '\(read)', which overwriting '\(path)' would delete; write to another "
          + "file or folder")
    }
    let sink = try FileSink(
      path, format: try format.map { try FileFormat.known($0) }, options: options,
      mode: saveMode.fileMode, schema: table.schema)
    if sink.isIgnored {
      return LocalSummary(
        rows: 0, elapsed: .zero, threads: 0, decoding: .zero, computing: .zero, writing: .zero,
        isIgnored: true)
    }
    return try await table.run(into: FilesSink(sink))
  }

  /// Writes Parquet: a file, if the name ends in `.parquet`, else a folder of them.
  ///
  /// - Throws: as ``save(_:)``.
  @discardableResult
  public func parquet(_ path: String) async throws -> LocalSummary {
    try await format("parquet").save(path)
  }

  /// Writes text with a separator, without names unless the option `header` is set.
  ///
  /// - Throws: as ``save(_:)``.
  @discardableResult
  public func csv(_ path: String) async throws -> LocalSummary {
    try await format("csv").save(path)
  }

  /// Writes text with a JSON object on each line.
  ///
  /// - Throws: as ``save(_:)``.
  @discardableResult
  public func json(_ path: String) async throws -> LocalSummary {
    try await format("json").save(path)
  }

  /// Writes Arrow's own format.
  ///
  /// - Throws: as ``save(_:)``.
  @discardableResult
  public func arrow(_ path: String) async throws -> LocalSummary {
    try await format("arrow").save(path)
  }
}

extension LocalTable {
  /// Writes the table.
  public var write: LocalTableWriter { LocalTableWriter(table: self) }
}

extension SaveMode {
  fileprivate var fileMode: FileSaveMode {
    switch self {
    case .error: .error
    case .append: .append
    case .overwrite: .overwrite
    case .ignore: .ignore
    }
  }
}
