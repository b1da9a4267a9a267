package import ArrowIPC
package import SparkTypes

/// Decides whether the workers read a table's files themselves, and makes the function that does it.
package protocol ScanPlanner: Sendable {
  /// Why the workers do not read these files, whatever their columns; `nil` if they may.
  func refusal(
    _ read: FileRead, _ choice: ScanChoice, in session: SparkSession
  ) async throws -> ScanRefusal?

  func plan(_ candidate: ScanCandidate, in session: SparkSession) async throws -> ScanDecision

  /// Is told how the files of a function are read.
  func tell(_ function: String, _ decision: ScanDecision)
}

/// Why Spark reads the files.
package struct ScanRefusal: Error, Hashable {
  package var reason: String
  /// Whether it is so because nobody would gain from anything else, of which nobody need be told.
  package var isPlain: Bool

  package init(_ reason: String, isPlain: Bool = false) {
    self.reason = reason
    self.isPlain = isPlain
  }
}

package enum ScanDecision: Sendable {
  case spark(ScanRefusal)
  /// The function over whole batches, which gets the numbers of tasks and reads what belongs to them;
  /// how many there are; and what to say of it.
  case native(InlineFunction, tasks: Int, note: String)
}

/// Files as a query names them.
package struct FileRead: Sendable, Hashable {
  /// As Spark calls it; `nil` for the session's default.
  package var format: String?
  /// The schema that the user gave, in SQL.
  package var schema: String?
  package var options: [String: String]
  package var paths: [String]

  package init(
    format: String?, schema: String? = nil, options: [String: String] = [:], paths: [String]
  ) {
    self.format = format
    self.schema = schema
    self.options = options
    self.paths = paths
  }
}

/// Where the values of a column come from.
package enum ScannedValue: Sendable, Hashable {
  /// The column of the files' table that has this name.
  case file(String)
  case literal(ArrowValue)
}

/// A column of a table that only rearranges those of files.
package struct ScannedColumn: Sendable, Hashable {
  package var name: String
  package var type: DataType
  package var value: ScannedValue
  /// What the column's field says beside its type, such as a comment.
  package var metadata: String?

  package init(name: String, type: DataType, value: ScannedValue, metadata: String? = nil) {
    self.name = name
    self.type = type
    self.value = value
    self.metadata = metadata
  }
}

/// A use of a function whose table only rearranges the columns of files.
package struct ScanCandidate: Sendable {
  package enum Form: Sendable, Hashable {
    /// A column made of columns, which stand at these places: that of the table's column, then names
    /// of fields within it.
    case column(arguments: [[String]])
    case batches
  }

  package let read: FileRead
  package let choice: ScanChoice
  package let function: String
  /// The bytes that a worker gets for the function.
  package let command: [UInt8]
  package let form: Form
  /// What the function gives; a struct of the columns if it is of batches.
  package let returnType: DataType
  /// The name of the function's column, if it is of columns.
  package let result: String
  /// The files' own table.
  package let fileTable: StructType
  /// The function's table.
  package let columns: [ScannedColumn]
  /// Positions of its columns that the query needs beside the function's.
  package let passed: [Int]
  /// Whether the query wants some of the rows only.
  package let isSample: Bool
  /// The number of rows that the function's table takes of those of the files; `nil` for all.
  package let limit: Int?
  let filters: [ScanFilter]
  let session: SparkSession
}
