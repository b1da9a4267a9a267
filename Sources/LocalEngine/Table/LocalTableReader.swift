import FileTables
public import SparkTypes

/// Reads files without Spark: `LocalTable.read.parquet("digits.parquet")`.
///
/// Options and their names are those of Spark; what is not known here is refused.
public struct LocalTableReader: Sendable {
  private var format: String?
  private var schema: StructType?
  private var options: [String: String] = [:]

  init() {}

  private func with(_ change: (inout LocalTableReader) -> Void) -> LocalTableReader {
    var copy = self
    change(&copy)
    return copy
  }

  /// The format of the files: `parquet`, `csv`, `json` (one object a line), `arrow`, `text` or
  /// `binaryFile`. Without it the names of the files tell.
  public func format(_ name: String) -> LocalTableReader { with { $0.format = name } }

  /// The schema of the files, instead of finding it out.
  public func schema(_ schema: StructType) -> LocalTableReader { with { $0.schema = schema } }

  /// The schema of the files in SQL: `id bigint, name string`.
  ///
  /// - Throws: `DataTypeError` with the position of what was not understood.
  public func schema(_ ddl: String) throws -> LocalTableReader {
    schema(try StructType(ddl: ddl))
  }

  /// An option of the format, for example `header` or `sep` for CSV.
  public func option(_ name: String, _ value: String) -> LocalTableReader {
    with { $0.options[name] = value }
  }

  /// An option of the format that is `true` or `false`.
  public func option(_ name: String, _ value: Bool) -> LocalTableReader {
    option(name, "\(value)")
  }

  /// An option of the format that is a number.
  public func option(_ name: String, _ value: Int) -> LocalTableReader { option(name, "\(value)") }

  /// The files at `paths`: files, folders and patterns, on this machine or in a store
  /// (`s3://bucket/folder`).
  ///
  /// - Throws: `FileTableError` if there is nothing, it cannot be read, or only Spark reads it.
  public func load(_ paths: String...) throws -> LocalTable { try load(paths) }

  /// The files at `paths`.
  ///
  /// - Throws: as the form with several arguments.
  public func load(_ paths: [String]) throws -> LocalTable {
    let scan = try FileScan(
      paths, format: try format.map { try FileFormat.known($0) }, options: options, schema: schema)
    return LocalTable(FilesInput(scan, paths: paths))
  }

  /// Files and folders in Parquet.
  ///
  /// - Throws: as ``load(_:)-([String])``.
  public func parquet(_ paths: String...) throws -> LocalTable {
    try format("parquet").load(paths)
  }

  /// Text files with a separator; without the option `header` the columns are `_c0`, `_c1` ..., and
  /// without `inferSchema` they are strings.
  ///
  /// - Throws: as ``load(_:)-([String])``.
  public func csv(_ paths: String...) throws -> LocalTable { try format("csv").load(paths) }

  /// Text files with a JSON object on each line.
  ///
  /// - Throws: as ``load(_:)-([String])``.
  public func json(_ paths: String...) throws -> LocalTable { try format("json").load(paths) }

  /// Files in Arrow's own format, which Spark does not read.
  ///
  /// - Throws: as ``load(_:)-([String])``.
  public func arrow(_ paths: String...) throws -> LocalTable { try format("arrow").load(paths) }

  /// One row with the column `value` for each line.
  ///
  /// - Throws: as ``load(_:)-([String])``.
  public func text(_ paths: String...) throws -> LocalTable { try format("text").load(paths) }

  /// One row for each file: `path`, `modificationTime`, `length`, `content`.
  ///
  /// - Throws: as ``load(_:)-([String])``.
  public func binaryFile(_ paths: String...) throws -> LocalTable {
    try format("binaryFile").load(paths)
  }
}

extension LocalTable {
  /// Reads files.
  public static var read: LocalTableReader { LocalTableReader() }
}

extension FileFormat {
  /// The format that Spark calls `name`.
  ///
  /// - Throws: `FileTableError` if it is none that can be read without Spark.
  static func known(_ name: String) throws(FileTableError) -> FileFormat {
    if let format = FileFormat(named: name) { return format }
    throw FileTableError(
      .unsupported,
      "only Spark reads and writes the format '\(name)'; without it there are parquet, csv, json, text, "
        + "binaryFile and arrow")
  }
}
