import SparkConnectProtocol
import SwiftProtobuf

/// A query that runs on the server and writes the rows of a stream as they come.
///
/// ```swift
/// let query = try await table.writeStream.format("noop").start()
/// for try await progress in query.progress() { print(progress.batchID, progress.numInputRows) }
/// ```
/// The server keeps one that has ended for some time, so that its last words can be asked for.
public struct StreamingQuery: Sendable, Identifiable {
  /// The session that the query runs in, and ends with.
  public let session: SparkSession
  /// Identifies the query, also when it is started again from its checkpoint.
  public let id: String
  /// Identifies this run of it.
  public let runID: String
  /// The name that it was given.
  public let name: String?

  typealias Command = Spark_Connect_StreamingQueryCommand
  typealias Result = Spark_Connect_StreamingQueryCommandResult

  init(session: SparkSession, instance: Spark_Connect_StreamingQueryInstanceId, name: String?) {
    self.session = session
    id = instance.id
    runID = instance.runID
    self.name = name
  }

  /// What the query does just now.
  public struct Status: Sendable, Hashable {
    /// Whether it has not ended.
    public let isActive: Bool
    /// What it does, in the server's words.
    public let message: String
    /// Whether rows wait to be computed.
    public let isDataAvailable: Bool
    /// Whether a batch is computed just now.
    public let isTriggerActive: Bool
  }

  /// What the query does just now.
  ///
  /// - Throws: ``SparkError`` if the server does not know the query any more, or is lost;
  ///   `CancellationError` when the task is cancelled.
  public var status: Status {
    get async throws {
      let status = try await ask { $0.status = true }.status
      return Status(
        isActive: status.isActive, message: status.statusMessage,
        isDataAvailable: status.isDataAvailable, isTriggerActive: status.isTriggerActive)
    }
  }

  /// Whether the query has neither ended nor failed.
  ///
  /// - Throws: ``SparkError`` if the server does not know the query any more, or is lost;
  ///   `CancellationError` when the task is cancelled.
  public var isActive: Bool { get async throws { try await status.isActive } }

  /// What is known of the last batch; `nil` before the first one has ended.
  ///
  /// - Throws: ``SparkError`` if the server does not know the query any more, or is lost;
  ///   `CancellationError` when the task is cancelled.
  public var lastProgress: StreamingQueryProgress? {
    get async throws { try await progresses { $0.lastProgress = true }.last }
  }

  /// What is known of the last batches (100, unless `spark.sql.streaming.numRecentProgressUpdates` says
  /// another number), the newest one last.
  ///
  /// - Throws: ``SparkError`` if the server does not know the query any more, or is lost;
  ///   `CancellationError` when the task is cancelled.
  public var recentProgress: [StreamingQueryProgress] {
    get async throws { try await progresses { $0.recentProgress = true } }
  }

  private func progresses(
    _ fill: (inout Command) -> Void
  ) async throws -> [StreamingQueryProgress] {
    try await ask(fill).recentProgress.recentProgressJson.map(StreamingQueryProgress.init(json:))
  }

  /// Waits until the query ends.
  ///
  /// - Throws: ``SparkError`` if the query fails, or the server is lost; `CancellationError` when the task
  ///   is cancelled, which does not stop the query.
  public func awaitTermination() async throws {
    _ = try await ask { $0.awaitTermination = .init() }
  }

  /// Waits until the query ends, for `timeout` at most; returns whether it has ended.
  ///
  /// - Throws: ``SparkError`` if the query fails, the server is lost, or the time is not above zero;
  ///   `CancellationError` when the task is cancelled, which does not stop the query.
  public func awaitTermination(timeout: Duration) async throws -> Bool {
    let milliseconds = try timeout.waitingTime()
    return try await ask { $0.awaitTermination.timeoutMs = milliseconds }
      .awaitTermination.terminated
  }

  /// Waits until everything is computed and written that the source has now. Of a source that never rests,
  /// such as `rate`, that may be never.
  ///
  /// - Throws: ``SparkError`` if the query fails, or the server is lost; `CancellationError` when the task
  ///   is cancelled.
  public func processAllAvailable() async throws {
    _ = try await ask { $0.processAllAvailable = true }
  }

  /// Ends the query, and the batch that it computes; nothing happens to one that has ended.
  ///
  /// - Throws: ``SparkError`` if the server does not know the query any more, or is lost;
  ///   `CancellationError` when the task is cancelled.
  public func stop() async throws { _ = try await ask { $0.stop = true } }

  /// How Spark has run the last batch.
  ///
  /// - Throws: ``SparkError`` if the server does not know the query any more, or is lost;
  ///   `CancellationError` when the task is cancelled.
  public func explain(extended: Bool = false) async throws -> String {
    try await ask { $0.explain.extended = extended }.explain.result
  }

  /// Why the query has failed; `nil` if it has not.
  ///
  /// - Throws: ``SparkError`` if the server does not know the query any more, or is lost;
  ///   `CancellationError` when the task is cancelled.
  public func exception() async throws -> SparkError? {
    let failure = try await ask { $0.exception = true }.exception
    guard failure.hasExceptionMessage else { return nil }
    // Java's name of the error stands before its words.
    let words = failure.exceptionMessage.replacing(
      "org.apache.spark.sql.streaming.StreamingQueryException: ", with: "", maxReplacements: 1)
    return SparkErrorAdvice.added(
      to: SparkError(
        .server, words, condition: failure.hasErrorClass ? failure.errorClass : nil,
        serverStackTrace: failure.stackTrace.split(separator: "\n").map(String.init)))
  }

  private func ask(_ fill: (inout Command) -> Void) async throws -> Result {
    let command = Command.with {
      $0.queryID.id = id
      $0.queryID.runID = runID
      fill(&$0)
    }
    let answer = Collected<Result>()
    try await session.execute(
      .with { $0.command.streamingQueryCommand = command }, calls: []
    ) { response in
      if case .streamingQueryCommandResult(let result) = response.responseType {
        answer.set(result)
      }
    }
    guard let result = answer.value else {
      throw SparkError(.result, "the server did not answer what the query \(id) was asked")
    }
    return result
  }
}

extension Duration {
  /// The milliseconds that a server waits.
  ///
  /// - Throws: ``SparkError`` if they are not above zero.
  func waitingTime() throws -> Int64 {
    // Less than a millisecond is one.
    let (seconds, attoseconds) = components
    guard let milliseconds = wholeMilliseconds, seconds > 0 || attoseconds > 0 else {
      throw SparkError(.invalidArgument, "the time to wait is \(self); it must be above zero")
    }
    return max(milliseconds, 1)
  }
}
