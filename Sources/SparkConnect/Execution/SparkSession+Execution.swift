import FoundationEssentials
import GRPCCore
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization

extension SparkSession {
  /// How long a cancelled task waits for the server to hear of it.
  private static let interruptTimeout = Duration.seconds(5)

  /// Runs a plan and hands each response to `consume`, one after the other.
  ///
  /// The execution survives a broken connection: the client attaches again behind the last response
  /// that it got. Responses are released on the server as they are consumed. If the Swift task is
  /// cancelled, the server is told to interrupt the operation before this returns.
  func execute(
    _ plan: Spark_Connect_Plan, calls: [InlineCall],
    consume: @escaping @Sendable (Spark_Connect_ExecutePlanResponse) async throws -> Void
  ) async throws {
    try await prepare(calls)
    let execution = PlanExecution(session: self, plan: try await formed(plan))
    let operation = execution.operation
    let progress = progressHandler
    let interruption = Mutex<Task<Void, Never>?>(nil)
    defer { progress?(.finished(operation)) }
    do {
      try await withTaskCancellationHandler {
        try await execution.run { response in
          if case .executionProgress(let message) = response.responseType {
            progress?(ExecutionProgress(message, operation: operation))
          }
          self.tellObservations(response)
          try await consume(response)
        }
        if plan.changesSession { connection.serverSession.holdsSomething() }
      } onCancel: {
        // The cancelled task cannot speak with the server any more; a task of its own can.
        let task = Task { await self.abandon(operation) }
        interruption.withLock { $0 = task }
      }
    } catch {
      if let task = interruption.withLock({ $0 }) { await task.value }
      throw Task.isCancelled ? CancellationError() : error
    }
  }

  /// Runs a command.
  func execute(_ command: Spark_Connect_Command, calls: [InlineCall]) async throws {
    try await execute(.with { $0.command = command }, calls: calls) { _ in }
  }

  /// Interrupts an operation whose result nobody waits for; a server that does not answer is left
  /// alone.
  private func abandon(_ operation: String) async {
    let request: Spark_Connect_InterruptRequest = connection.request(id) {
      $0.interruptType = .operationID
      $0.operationID = operation
    }
    guard let metadata = try? await connection.credentials().metadata else { return }
    _ = try? await connection.service.interrupt(
      request, metadata: metadata,
      options: connection.callOptions(within: Self.interruptTimeout))
  }
}

extension Spark_Connect_Plan {
  /// Whether the session has something more when the plan has run: a view, a setting, a function. SQL may
  /// be anything.
  fileprivate var changesSession: Bool {
    guard case .command(let command)? = opType else { return false }
    if case .writeOperation? = command.commandType { return false }
    return true
  }
}
