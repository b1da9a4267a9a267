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
  private var resumption: Resumption?

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

  /// Goes on with what an earlier run wrote before it broke off, and lets a later one go on with this:
  /// rows whose key is in the output are skipped, the others are added in parts, each of which stays
  /// once it is whole.
  ///
  /// ```swift
  /// try await table.predicting(.onnx("model.onnx")).write.resume(key: "id").parquet("predictions")
  /// ```
  ///
  /// The output is a folder of Parquet, JSON lines or Arrow. A file in it (`_needletail/job.json`) tells
  /// the model's SHA-256, its revision and options, and the program's version: with another model, or
  /// another question to it, the run is refused. Rows that failed (`errors: .column`) are done again.
  ///
  /// - Parameters:
  ///   - key: the columns that tell rows apart: whole numbers, decimals, texts, bytes, dates, times. A null
  ///     and a key that two rows have are errors.
  ///   - restarting: removes the rows that are there and begins anew.
  ///   - partRows: the greatest number of rows in a part; `nil` for as many as come in half a minute. Those
  ///     of a part that is not whole are lost when the process is killed.
  public func resume(
    key: String..., restarting: Bool = false, partRows: Int? = nil
  ) -> LocalTableWriter {
    resume(key: key, restarting: restarting, partRows: partRows)
  }

  /// The same with a list of columns.
  public func resume(
    key: [String], restarting: Bool = false, partRows: Int? = nil
  ) -> LocalTableWriter {
    with {
      $0.resumption = Resumption(
        key: key, isRestarted: restarting, partRows: partRows.map { max($0, 1) })
    }
  }

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
      mode: resumption == nil ? saveMode.fileMode : .append)
  }

  /// Writes to `path`, a file or folder on this machine or in a store.
  ///
  /// - Returns: what was done; no rows with ``SaveMode/ignore`` where there is something already.
  /// - Throws: `FileTableError` if there is something already, or it cannot be written; with
  ///   `resume(key:)` `NeedletailError` if another model wrote what is
  ///   there; ``LocalTableError`` if that would delete what is read; what reading and computing throw;
  ///   `CancellationError` when the task is cancelled.
  @discardableResult
  public func save(_ path: String) async throws -> LocalSummary {
    let format = try format.map { try FileFormat.known($0) }
    if saveMode == .overwrite || resumption != nil,
      let read = table.input.paths.first(where: {
        StoragePath.replacing(path, deletes: $0, isLocal: true)
      })
    {
      throw LocalTableError(
        .invalidArgument,
        resumption == nil
          ? "the table is read from '\(read)', which overwriting '\(path)' would delete; write to another "
            + "file or folder"
          : Resumption.reads(read, writing: path))
    }
    if let resumption {
      if let problem = Resumption.problem(with: saveMode) {
        throw LocalTableError(.invalidArgument, problem)
      }
      return try await resumption.run(table, to: path, format: format, options: options)
    }
    let sink = try FileSink(
      path, format: format, options: options, mode: saveMode.fileMode,
      schema: table.lineage.stored(table.columns))
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
