import ArrowIPC
import SparkFunctions
import SparkTypes

/// Where the rows of a table come from.
protocol TableInput: Sendable {
  /// The columns that there are, as the rows have them.
  var columns: [(field: StructField, type: ArrowType)] { get }
  /// The number of rows, if that is known without reading them.
  var rows: Int? { get }
  /// The bytes to read, or to hold.
  var bytes: Int64 { get }
  /// The files and folders that are read, as the user named them.
  var paths: [String] { get }

  /// About `rows` of the rows, from all over the table.
  func sampled(rows: Int, seed: UInt64) throws -> any TableInput

  /// The rows of the columns at `places`, in this order.
  ///
  /// - Parameters:
  ///   - parallelism: the number of threads that read.
  ///   - limit: the number of rows that will be taken, if it is known.
  ///   - faults: counts the rows that fail where the input computes predictions itself.
  func source(
    _ places: [Int], parallelism: Int, limit: Int?, faults: RunFaults
  ) throws -> any EngineSource
}
