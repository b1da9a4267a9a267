import SparkConnectProtocol
public import SparkTypes
import SwiftProtobuf

/// Reads tables whose rows go on coming: `spark.readStream.schema("id long").parquet("incoming")`.
///
/// Paths are those of the server: with a local Spark, relative ones count from the program's folder.
public struct DataStreamReader: Sendable {
  let session: SparkSession
  private var formatName: String?
  private var schemaText: String?
  private var options: [String: String] = [:]

  init(session: SparkSession) { self.session = session }

  private func with(_ change: (inout DataStreamReader) -> Void) -> DataStreamReader {
    var copy = self
    change(&copy)
    return copy
  }

  /// The source: `rate`, `socket`, `kafka`, or a format of files (`parquet`, `csv`, `json`, `text` ...),
  /// of which those are read that come to lie in a folder.
  public func format(_ name: String) -> DataStreamReader { with { $0.formatName = name } }

  /// The schema of the files, which Spark wants to know before there are any.
  public func schema(_ schema: StructType) -> DataStreamReader {
    with { $0.schemaText = schema.ddl }
  }

  /// The schema of the files in SQL: `id bigint, name string`.
  public func schema(_ ddl: String) -> DataStreamReader { with { $0.schemaText = ddl } }

  /// An option of the source, for example `kafka.bootstrap.servers` or `maxFilesPerTrigger`.
  public func option(_ name: String, _ value: String) -> DataStreamReader {
    with { $0.options[name] = value }
  }

  /// An option of the source that is `true` or `false`.
  public func option(_ name: String, _ value: Bool) -> DataStreamReader {
    option(name, "\(value)")
  }

  /// An option of the source that is a number.
  public func option(_ name: String, _ value: Int) -> DataStreamReader { option(name, "\(value)") }

  /// Several options of the source; those that were given before stay.
  public func options(_ values: [String: String]) -> DataStreamReader {
    with { $0.options.merge(values) { $1 } }
  }

  /// The rows of the source, or of the files that come to lie in the folder `path`.
  public func load(_ path: String? = nil) -> DataFrame {
    DataFrame(
      session: session,
      relation: .with {
        $0.read.isStreaming = true
        if let formatName { $0.read.dataSource.format = formatName }
        if let schemaText { $0.read.dataSource.schema = schemaText }
        $0.read.dataSource.options = options
        $0.read.dataSource.paths = path.map { [$0] } ?? []
      })
  }

  /// Parquet files as they come to lie in the folder `path`.
  public func parquet(_ path: String) -> DataFrame { format("parquet").load(path) }
  /// Text files with a separator as they come to lie in the folder `path`.
  public func csv(_ path: String) -> DataFrame { format("csv").load(path) }
  /// Text files with a JSON object on each line, as they come to lie in the folder `path`.
  public func json(_ path: String) -> DataFrame { format("json").load(path) }
  /// ORC files as they come to lie in the folder `path`.
  public func orc(_ path: String) -> DataFrame { format("orc").load(path) }
  /// One row with the column `value` for each line of the files that come to lie in the folder `path`.
  public func text(_ path: String) -> DataFrame { format("text").load(path) }

  /// The rows that are added to the table called `name`.
  public func table(_ name: String) -> DataFrame {
    DataFrame(
      session: session,
      relation: .with {
        $0.read.isStreaming = true
        $0.read.namedTable.unparsedIdentifier = name
        $0.read.namedTable.options = options
      })
  }
}

extension SparkSession {
  /// Reads tables whose rows go on coming.
  public var readStream: DataStreamReader { DataStreamReader(session: self) }
}
