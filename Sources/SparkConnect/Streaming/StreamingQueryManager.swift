import SparkConnectProtocol
import SwiftProtobuf

/// The streaming queries of a session: `spark.streams`.
public struct StreamingQueryManager: Sendable {
  let session: SparkSession

  typealias Command = Spark_Connect_StreamingQueryManagerCommand
  typealias Result = Spark_Connect_StreamingQueryManagerCommandResult

  /// Those that run.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public var active: [StreamingQuery] {
    get async throws { try await ask { $0.active = true }.active.activeQueries.map(query) }
  }

  /// The one that runs under an id; `nil` if none does.
  ///
  /// - Throws: ``SparkError`` if `id` is no UUID, the server refuses, or is lost; `CancellationError` when
  ///   the task is cancelled.
  public func get(_ id: String) async throws -> StreamingQuery? {
    let result = try await ask { $0.getQuery = id }
    guard case .query(let found) = result.resultType else { return nil }
    return query(found)
  }

  /// Waits until one of the queries ends, also one that ended since the last ``resetTerminated()``.
  ///
  /// - Throws: ``SparkError`` if one fails, or the server is lost; `CancellationError` when the task
  ///   is cancelled.
  public func awaitAnyTermination() async throws {
    _ = try await ask { $0.awaitAnyTermination = .init() }
  }

  /// The same, for `timeout` at most; returns whether one has ended.
  ///
  /// - Throws: ``SparkError`` if one fails, the server is lost, or the time is not above zero;
  ///   `CancellationError` when the task is cancelled.
  public func awaitAnyTermination(timeout: Duration) async throws -> Bool {
    let milliseconds = try timeout.waitingTime()
    return try await ask { $0.awaitAnyTermination.timeoutMs = milliseconds }
      .awaitAnyTermination.terminated
  }

  /// Forgets the queries that have ended: ``awaitAnyTermination()`` waits for others from now on.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func resetTerminated() async throws { _ = try await ask { $0.resetTerminated = true } }

  private func query(_ found: Result.StreamingQueryInstance) -> StreamingQuery {
    StreamingQuery(
      session: session, instance: found.id,
      name: found.hasName && !found.name.isEmpty ? found.name : nil)
  }

  private func ask(_ fill: (inout Command) -> Void) async throws -> Result {
    let command = Command.with(fill)
    let answer = Collected<Result>()
    try await session.execute(
      .with { $0.command.streamingQueryManagerCommand = command }, calls: []
    ) { response in
      if case .streamingQueryManagerCommandResult(let result) = response.responseType {
        answer.set(result)
      }
    }
    guard let result = answer.value else {
      throw SparkError(.result, "the server did not answer what it was asked of streaming queries")
    }
    return result
  }
}

extension SparkSession {
  /// The streaming queries of the session.
  public var streams: StreamingQueryManager { StreamingQueryManager(session: self) }
}
