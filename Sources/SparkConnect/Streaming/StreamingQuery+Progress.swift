/// The reports of a streaming query's batches, one after the other, until the query ends.
public struct StreamingQueryProgressSequence: AsyncSequence, Sendable {
  public typealias Element = StreamingQueryProgress
  let query: StreamingQuery
  let interval: Duration

  /// Asks the server for news.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private let query: StreamingQuery
    private let interval: Duration
    private var waiting: ArraySlice<StreamingQueryProgress> = []
    private var last: StreamingQueryProgress?
    private var isOver = false
    private var failure: SparkError?

    init(_ query: StreamingQuery, _ interval: Duration) {
      self.query = query
      self.interval = interval
    }

    /// The next report, `nil` when the query has been stopped or has all that it should compute.
    ///
    /// - Throws: ``SparkError`` if the query fails, or the server is lost; `CancellationError` when the
    ///   task is cancelled.
    public mutating func next() async throws -> StreamingQueryProgress? {
      while true {
        if let first = waiting.popFirst() {
          last = first
          return first
        }
        if isOver {
          if let error = failure {
            failure = nil
            throw error
          }
          return nil
        }
        // Asked first: what the query reports before its end is then among its reports.
        let isActive = try await query.isActive
        waiting = news(try await query.recentProgress)
        if !isActive {
          isOver = true
          failure = try await query.exception()
        } else if waiting.isEmpty {
          try await Task.sleep(for: interval)
        }
      }
    }

    private func news(_ recent: [StreamingQueryProgress]) -> ArraySlice<StreamingQueryProgress> {
      guard let last, let index = recent.lastIndex(of: last) else { return recent[...] }
      return recent[(index + 1)...]
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(query, interval) }
}

extension StreamingQuery {
  /// The reports of the query's batches, also of those that have ended, until the query ends; the loop fails
  /// if the query does.
  ///
  /// - Parameter interval: how long to wait before the server is asked again. Of more than a hundred batches
  ///   in that time the first are left out (`spark.sql.streaming.numRecentProgressUpdates`).
  public func progress(
    every interval: Duration = .seconds(1)
  ) -> StreamingQueryProgressSequence {
    StreamingQueryProgressSequence(query: self, interval: interval)
  }
}
