import SparkConnectProtocol
public import SparkTypes
import SwiftProtobuf

/// Reads files and tables: `spark.read.parquet("digits.parquet")`.
///
/// Paths are those of the server: with a local Spark, relative ones count from the program's folder.
public struct DataFrameReader: Sendable {
  let session: SparkSession
  private var formatName: String?
  private var schemaText: String?
  private var options: [String: String] = [:]

  init(session: SparkSession) { self.session = session }

  private func with(_ change: (inout DataFrameReader) -> Void) -> DataFrameReader {
    var copy = self
    change(&copy)
    return copy
  }

  /// The format of the files: `parquet`, `csv`, `json`, `orc`, `text`, `binaryFile`, `avro` ...
  public func format(_ name: String) -> DataFrameReader { with { $0.formatName = name } }

  /// The schema of the files, instead of finding it out.
  public func schema(_ schema: StructType) -> DataFrameReader {
    with { $0.schemaText = schema.ddl }
  }

  /// The schema of the files in SQL: `id bigint, name string`.
  public func schema(_ ddl: String) -> DataFrameReader { with { $0.schemaText = ddl } }

  /// An option of the format, for example `header` or `sep` for CSV.
  public func option(_ name: String, _ value: String) -> DataFrameReader {
    with { $0.options[name] = value }
  }

  /// An option of the format that is `true` or `false`.
  public func option(_ name: String, _ value: Bool) -> DataFrameReader { option(name, "\(value)") }

  /// An option of the format that is a number.
  public func option(_ name: String, _ value: Int) -> DataFrameReader { option(name, "\(value)") }

  /// The files at `paths`.
  public func load(_ paths: String...) -> DataFrame { load(paths) }

  /// The files at `paths`.
  public func load(_ paths: [String]) -> DataFrame {
    DataFrame(
      session: session,
      relation: .with {
        if let formatName { $0.read.dataSource.format = formatName }
        if let schemaText { $0.read.dataSource.schema = schemaText }
        $0.read.dataSource.options = options
        $0.read.dataSource.paths = paths
      })
  }

  /// Files and folders in Parquet.
  public func parquet(_ paths: String...) -> DataFrame { format("parquet").load(paths) }
  /// Text files with a separator; without the option `header` the columns are `_c0`, `_c1` ...
  public func csv(_ paths: String...) -> DataFrame { format("csv").load(paths) }
  /// Text files with a JSON object on each line.
  public func json(_ paths: String...) -> DataFrame { format("json").load(paths) }
  /// Files and folders in ORC.
  public func orc(_ paths: String...) -> DataFrame { format("orc").load(paths) }
  /// One row with the column `value` for each line.
  public func text(_ paths: String...) -> DataFrame { format("text").load(paths) }
  /// One row for each file: `path`, `modificationTime`, `length`, `content`.
  public func binaryFile(_ paths: String...) -> DataFrame { format("binaryFile").load(paths) }

  /// The table called `name`.
  public func table(_ name: String) -> DataFrame {
    DataFrame(
      session: session,
      relation: .with {
        $0.read.namedTable.unparsedIdentifier = name
        $0.read.namedTable.options = options
      })
  }
}
