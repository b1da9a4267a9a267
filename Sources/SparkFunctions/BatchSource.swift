public import ArrowIPC

/// A stream of record batches that one task pulls, one at a time.
///
/// This is all that the task engine knows of where data comes from: Spark's Arrow stream over a
/// socket, a list in a test, or the output of another function.
public protocol BatchSource: AnyObject {
  /// The next batch, or `nil` at the end.
  ///
  /// - Throws: why the batch cannot be had: damaged input, a failed function, `CancellationError`
  ///   when the task was cancelled.
  func next() async throws -> RecordBatch?
}

/// A source over batches that are already there.
public final class BatchList: BatchSource {
  private var remaining: ArraySlice<RecordBatch>

  /// Gives `batches` in their order.
  public init(_ batches: [RecordBatch]) { remaining = batches[...] }

  public func next() async throws -> RecordBatch? { remaining.popFirst() }
}

/// A source whose batches a closure makes.
public final class BatchGenerator: BatchSource {
  private let body: () async throws -> RecordBatch?

  /// Calls `body` for each batch until it gives `nil`.
  public init(_ body: @escaping () async throws -> RecordBatch?) { self.body = body }

  public func next() async throws -> RecordBatch? { try await body() }
}
