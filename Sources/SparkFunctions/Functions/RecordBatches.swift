public import ArrowIPC

/// The batches of one task, for a function that takes whole batches; can be read once.
public struct RecordBatches: AsyncSequence {
  public typealias Element = RecordBatch

  private let source: any BatchSource

  init(_ source: any BatchSource) { self.source = source }

  public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

  /// Takes the batches one by one; there is one pass over them.
  public struct Iterator: AsyncIteratorProtocol {
    let source: any BatchSource

    /// The next batch, `nil` at the end.
    ///
    /// - Throws: `CancellationError` when the task was cancelled, or why the input cannot be read.
    public mutating func next() async throws -> RecordBatch? {
      try Task.checkCancellation()
      return try await source.next()
    }
  }
}
