package import FileTables
package import SparkFunctions
package import SparkTypes

/// What workers need to read a table's files for a function: the parameters of ``ScanFunction``.
package struct ScanPlan: Codable, Sendable {
  package var format: FileFormat
  /// Spark's, by Spark's names, with the zone of the session.
  package var options: [String: String]
  /// The table of the files, as Spark gives it.
  package var schema: StructType
  /// The names of its columns whose values ``ScanPart/values`` tells.
  package var partitions: [String]
  /// The columns of the function's table that the function or the query reads.
  package var columns: [Column]
  package var call: Call
  package var parts: Parts
  /// The rows to read of these, in one task; `nil` for all.
  package var limit: Int?
  /// Where the plug-in for files lies: a path, absolute or among the session's files; `nil` where an
  /// executor finds it by itself.
  package var library: String?
  /// The rows that are read at once: few, which stay in the processor's cache.
  package var batchRows = 1024

  package struct Column: Codable, Sendable, Hashable {
    package var name: String
    /// The name of the files' column; `nil` if all rows have ``value``.
    package var file: String?
    package var type: DataType
    package var value: ScanValue?
  }

  /// The function that gets the rows.
  package struct Call: Codable, Sendable {
    package var function: String
    package var id: String
    package var argumentNames: [String]
    /// JSON.
    package var parameters: String
    /// Where the function's arguments are among ``ScanPlan/columns``; `nil` if it gets whole batches.
    package var arguments: [BatchModelPrediction.Argument]?
    /// The name of its column.
    package var result: String
    /// Positions of the columns that stand beside it.
    package var passed: [Int]
  }

  /// What each task reads, by the task's number.
  package enum Parts: Codable, Sendable {
    case here([[ScanPart]])
    /// In the file of the session that has this name, as JSON: too many to go with each task.
    case file(String)
  }
}

/// A part of a file, and the values of its partitions.
package struct ScanPart: Codable, Sendable, Hashable {
  package var split: FileSplit
  package var values: [ScanValue]
}
