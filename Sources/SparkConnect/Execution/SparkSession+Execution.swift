import Foundation
import GRPCCore
import SparkConnectProtocol
import SwiftProtobuf

extension SparkSession {
  /// Runs a plan and hands each response to `consume`, one after the other.
  ///
  /// The execution survives a broken connection: the client attaches again behind the last response
  /// that it got. Responses are released on the server as they are consumed. If the Swift task is
  /// cancelled, the server is told to interrupt the operation.
  func execute(
    _ plan: Spark_Connect_Plan, calls: [InlineCall],
    consume: @escaping @Sendable (Spark_Connect_ExecutePlanResponse) async throws -> Void
  ) async throws {
    try await prepare(calls)
    let operation = UUID().uuidString.lowercased()
    let progress = progressHandler
    try await withTaskCancellationHandler {
      defer { progress?(.finished(operation)) }
      let execution = PlanExecution(session: self, plan: plan, operation: operation)
      try await execution.run { response in
        if case .executionProgress(let message) = response.responseType {
          progress?(ExecutionProgress(message, operation: operation))
        }
        try await consume(response)
      }
    } onCancel: {
      Task { try? await self.interrupt(operation: operation) }
    }
  }

  /// Runs a command.
  func execute(_ command: Spark_Connect_Command, calls: [InlineCall]) async throws {
    try await execute(.with { $0.command = command }, calls: calls) { _ in }
  }
}

/// One reattachable execution.
private final class PlanExecution: Sendable {
  private let session: SparkSession
  private let plan: Spark_Connect_Plan
  private let operation: String

  /// After so many responses the server may forget them.
  private static let releaseInterval = 16

  init(session: SparkSession, plan: Spark_Connect_Plan, operation: String) {
    self.session = session
    self.plan = plan
    self.operation = operation
  }

  private struct Position: Sendable {
    var lastResponse: String?
    var isComplete = false
    var count = 0
  }

  func run(
    _ consume: @escaping @Sendable (Spark_Connect_ExecutePlanResponse) async throws -> Void
  ) async throws {
    let connection = session.connection
    var position = Position()
    var isStarted = false
    var attempts = connection.retries.attempts()
    while !position.isComplete {
      do {
        let start = position
        if isStarted {
          position = try await reattach(start, consume)
        } else {
          isStarted = true
          position = try await begin(start, consume)
        }
        attempts = connection.retries.attempts()
      } catch let failure as Interrupted {
        position = failure.position
        let error = failure.error
        let text = error.message
        if text.contains("OPERATION_NOT_FOUND"), position.lastResponse == nil {
          // The request never arrived: it starts from the beginning.
          isStarted = false
        } else if error.code != .unavailable, !text.contains("INVALID_CURSOR.DISCONNECTED") {
          throw await connection.translated(error, session: session.id)
        }
        guard let pause = attempts.next() else {
          throw await connection.translated(error, session: session.id)
        }
        try await Task.sleep(for: pause)
      }
    }
    await release(until: nil)
  }

  /// A stream that broke, and how far it had come.
  private struct Interrupted: Error {
    let error: RPCError
    let position: Position
  }

  private func begin(
    _ position: Position,
    _ consume: @escaping @Sendable (Spark_Connect_ExecutePlanResponse) async throws -> Void
  ) async throws -> Position {
    let connection = session.connection
    let request = Spark_Connect_ExecutePlanRequest.with {
      $0.sessionID = session.id
      $0.userContext = connection.userContext
      $0.clientType = connection.userAgent
      $0.operationID = operation
      $0.plan = plan
      $0.tags = session.tags.sorted()
      $0.requestOptions = [.with { $0.reattachOptions.reattachable = true }]
    }
    return try await guarded(position) {
      try await connection.service.executePlan(
        request, metadata: connection.metadata, options: connection.options
      ) { response in try await self.follow(response, position, consume) }
    }
  }

  private func reattach(
    _ position: Position,
    _ consume: @escaping @Sendable (Spark_Connect_ExecutePlanResponse) async throws -> Void
  ) async throws -> Position {
    let connection = session.connection
    let request = Spark_Connect_ReattachExecuteRequest.with {
      $0.sessionID = session.id
      $0.userContext = connection.userContext
      $0.clientType = connection.userAgent
      $0.operationID = operation
      if let last = position.lastResponse { $0.lastResponseID = last }
    }
    return try await guarded(position) {
      try await connection.service.reattachExecute(
        request, metadata: connection.metadata, options: connection.options
      ) { response in try await self.follow(response, position, consume) }
    }
  }

  private func guarded(
    _ position: Position, _ call: () async throws -> Position
  ) async throws -> Position {
    do {
      return try await call()
    } catch let error as RPCError {
      throw Interrupted(error: error, position: position)
    }
  }

  private func follow(
    _ response: StreamingClientResponse<Spark_Connect_ExecutePlanResponse>, _ start: Position,
    _ consume: @Sendable (Spark_Connect_ExecutePlanResponse) async throws -> Void
  ) async throws -> Position {
    var position = start
    do {
      for try await message in response.messages {
        if case .resultComplete = message.responseType { position.isComplete = true }
        try await consume(message)
        if !message.responseID.isEmpty { position.lastResponse = message.responseID }
        position.count += 1
        if position.count % Self.releaseInterval == 0, let last = position.lastResponse {
          Task { await self.release(until: last) }
        }
      }
    } catch let error as RPCError {
      throw Interrupted(error: error, position: position)
    }
    return position
  }

  private func release(until response: String?) async {
    let connection = session.connection
    let request = Spark_Connect_ReleaseExecuteRequest.with {
      $0.sessionID = session.id
      $0.userContext = connection.userContext
      $0.clientType = connection.userAgent
      $0.operationID = operation
      if let response { $0.releaseUntil.responseID = response } else { $0.releaseAll = .init() }
    }
    // A lost release costs memory on the server for a while, nothing else.
    _ = try? await connection.service.releaseExecute(
      request, metadata: connection.metadata, options: connection.options)
  }
}
