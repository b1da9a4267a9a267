import FoundationEssentials
import GRPCCore
import SparkConnectProtocol
import SwiftProtobuf

/// One reattachable execution: begun with ExecutePlan, taken up again with ReattachExecute behind the
/// last response seen whenever its stream ends early, let go with ReleaseExecute.
final class PlanExecution: Sendable {
  /// Identifies the execution on the server.
  let operation = UUID().uuidString.lowercased()
  private let session: SparkSession
  private let plan: Spark_Connect_Plan

  /// After so many responses the server may forget them.
  private static let releaseInterval = 16
  private static let firstVersionWithChunks = (4, 1)
  /// How long a complete result waits for a server that does not answer its release.
  private static let releaseTimeout = Duration.seconds(3)

  init(session: SparkSession, plan: Spark_Connect_Plan) {
    self.session = session
    self.plan = plan
  }

  typealias Consumer = @Sendable (Spark_Connect_ExecutePlanResponse) async throws -> Void

  /// How far the responses have been consumed.
  private struct Position: Sendable {
    var lastResponse: String?
    var isComplete = false
    var count = 0
  }

  /// A stream that broke, and how far it had come.
  private struct Interrupted: Error {
    let error: RPCError
    let position: Position
  }

  /// Runs the plan to its end.
  func run(_ consume: @escaping Consumer) async throws {
    do {
      try await follow(consume)
    } catch {
      // Detached: the task may be cancelled, and the caller need not wait for it.
      Task.detached { await self.release(until: nil) }
      throw error
    }
    await release(until: nil)
  }

  private func follow(_ consume: @escaping Consumer) async throws {
    let connection = session.connection
    if let loss = connection.serverSession.loss { throw loss }
    var position = Position()
    var isStarted = false
    var isRenewed = false
    var count = 0
    var attempts = connection.retries.attempts()
    while !position.isComplete {
      try Task.checkCancellation()
      count += 1
      let before = position
      let shouldReattach = isStarted
      // A job may take longer than a token lives: each call carries one that is good now.
      let credentials = try await connection.credentials()
      let name = connection.serverSession.name
      do {
        isStarted = true
        position =
          try await
          (shouldReattach
          ? reattach(before, credentials.metadata, consume)
          : begin(before, credentials.metadata, consume))
        isRenewed = false
        // The server ends long streams on its own account; that is no failure.
        attempts = connection.retries.attempts()
        if position.count == before.count {
          // Whoever ends all streams at once, a proxy for instance, is not to be asked ceaselessly.
          try await Task.sleep(for: connection.retries.initialPause)
        }
      } catch {
        // What the call throws, and not its responses, comes before the first of them.
        let interrupted =
          error as? Interrupted
          ?? (error as? RPCError).map { Interrupted(error: $0, position: before) }
        guard let failure = interrupted else { throw error }
        let error = failure.error
        position = failure.position
        if position.count > before.count { attempts = connection.retries.attempts() }
        if shouldReattach, position.lastResponse == nil, Self.isUnknownOnServer(error) {
          // The request never arrived: it starts from the beginning, for its lost attempt has paused.
          isStarted = false
          continue
        }
        if position.count > before.count { isRenewed = false }
        if !isRenewed, try await connection.renews(credentials, after: error) {
          isRenewed = true
          // What was refused before its first response was not begun.
          if !shouldReattach, position.count == 0 { isStarted = false }
          continue
        }
        guard connection.isRetryable(error), let pause = attempts.next() else {
          let told = await connection.translated(error, session: session.id)
          // What was sent before may have run in the session that is lost.
          guard count == 1, position.count == 0,
            connection.serverSession.reopens(after: told, of: name)
          else { throw told }
          isStarted = false
          continue
        }
        try await Task.sleep(for: RetryPolicy.pause(pause, after: error))
      }
    }
  }

  private static func isUnknownOnServer(_ error: RPCError) -> Bool {
    error.message.contains("INVALID_HANDLE.OPERATION_NOT_FOUND")
      || error.message.contains("INVALID_HANDLE.SESSION_NOT_FOUND")
  }

  private func begin(
    _ position: Position, _ metadata: Metadata, _ consume: @escaping Consumer
  ) async throws -> Position {
    let connection = session.connection
    let request: Spark_Connect_ExecutePlanRequest = connection.request(session.id) {
      $0.operationID = operation
      $0.plan = plan
      if !Housekeeping.isActive { $0.tags = session.tags.sorted() }
      $0.requestOptions = [.with { $0.reattachOptions.reattachable = true }]
      if session.majorMinorVersion >= Self.firstVersionWithChunks {
        // Batches above the limit of messages come in pieces.
        $0.requestOptions.append(.with { $0.resultChunkingOptions.allowArrowBatchChunking = true })
      }
    }
    return try await connection.service.executePlan(
      request, metadata: metadata, options: connection.options
    ) { response in try await self.read(response, position, consume) }
  }

  private func reattach(
    _ position: Position, _ metadata: Metadata, _ consume: @escaping Consumer
  ) async throws -> Position {
    let connection = session.connection
    let request: Spark_Connect_ReattachExecuteRequest = connection.request(session.id) {
      $0.operationID = operation
      if let last = position.lastResponse { $0.lastResponseID = last }
    }
    return try await connection.service.reattachExecute(
      request, metadata: metadata, options: connection.options
    ) { response in try await self.read(response, position, consume) }
  }

  private func read(
    _ response: StreamingClientResponse<Spark_Connect_ExecutePlanResponse>, _ start: Position,
    _ consume: Consumer
  ) async throws -> Position {
    var position = start
    var messages = response.messages.makeAsyncIterator()
    while true {
      // Only the stream's own errors lead to another attempt, not those of the consumer.
      let message: Spark_Connect_ExecutePlanResponse
      do {
        guard let next = try await messages.next() else { return position }
        message = next
      } catch let error as RPCError {
        throw Interrupted(error: error, position: position)
      }
      try session.connection.check(message)
      if case .resultComplete = message.responseType { position.isComplete = true }
      try await consume(message)
      if !message.responseID.isEmpty { position.lastResponse = message.responseID }
      position.count += 1
      if position.count % Self.releaseInterval == 0, let last = position.lastResponse {
        Task { await self.release(until: last) }
      }
    }
  }

  private func release(until response: String?) async {
    let connection = session.connection
    let request: Spark_Connect_ReleaseExecuteRequest = connection.request(session.id) {
      $0.operationID = operation
      if let response { $0.releaseUntil.responseID = response } else { $0.releaseAll = .init() }
    }
    // A lost release costs memory on the server for a while, nothing else.
    guard let metadata = try? await connection.credentials().metadata else { return }
    _ = try? await connection.service.releaseExecute(
      request, metadata: metadata,
      options: connection.callOptions(within: Self.releaseTimeout))
  }
}
