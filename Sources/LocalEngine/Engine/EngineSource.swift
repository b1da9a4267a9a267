package import ArrowIPC
package import SparkFunctions

/// Where an engine's rows come from: splits in the order of the table's rows.
package protocol EngineSource: Sendable {
  var splitCount: Int { get }
  /// Bytes of each split, which tell how far a run is where nobody knows the number of rows.
  func bytes(of split: Int) -> Int64
  /// The number of all rows, if it is known.
  var rows: Int? { get }

  /// Opens a split, on the thread that reads its first rows.
  ///
  /// - Parameter batchRows: the number of rows that a batch should have.
  /// - Throws: why the split cannot be read.
  func open(_ split: Int, batchRows: Int) async throws -> any EngineBatches
}

/// The rows of one split; one thread at a time asks for them, not always the same.
package protocol EngineBatches: AnyObject, Sendable {
  /// The next rows, `nil` at the end.
  func next() async throws -> RecordBatch?
  /// Makes a call that waits end soon; may come from any thread, and at any time.
  func cancel()
  /// How messages number the rows of this split.
  var origin: RowOrigin { get }
  /// The file, or what else the rows are of, for messages; `nil` where there is nothing to tell.
  var place: String? { get }
}

/// Where an engine's rows go.
package protocol EngineSink: Sendable {
  /// The part of each split, in the order of the splits; several splits in a row may share one.
  func parts(of splits: [Int64]) -> [Int]
  /// Opens a part, on the thread that writes its first rows.
  func part(_ index: Int) throws -> any EnginePart
  /// Makes all that was written visible.
  func commit() throws
  /// Removes all that was written.
  func abort()
}

/// One part of what is written; one thread at a time writes it, not always the same.
package protocol EnginePart: AnyObject, Sendable {
  func write(_ batch: RecordBatch) throws
  func close() throws
}
