import NIOCore
import Synchronization

/// A call that runs on an event loop, without a task of its own.
protocol NetworkCall: AnyObject, Sendable {
  func start()
  /// Ends the call; the server is told to give it up.
  func cancel()
}

/// The connection between a task and the call it waits for.
final class CallHandle: Sendable {
  private struct State {
    var call: (any NetworkCall)?
    var isCancelled = false
    var isStopped = false
  }

  private let state = Mutex(State())

  private init() {}

  /// Makes a call and waits for its end; cancelling the task cancels the call.
  ///
  /// - Parameter make: makes the call from the handle, by which it can be stopped, and what it calls
  ///   when it has ended, once.
  static func run(
    _ make: (CallHandle, @escaping @Sendable (CallFailure?) -> Void) -> any NetworkCall
  ) async throws(CallFailure) {
    let handle = CallHandle()
    let failure = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let call = make(handle) { failure in
          continuation.resume(returning: handle.finish() ? nil : failure)
        }
        handle.start(call)
      }
    } onCancel: {
      handle.cancel(noting: \.isCancelled)
    }
    if let failure { throw failure }
  }

  /// Repeats what `body` does while no connection can be made, for as long as a server may take to
  /// accept one again.
  static func retrying<Result>(
    until deadline: NIODeadline, _ body: () async throws(CallFailure) -> Result
  ) async throws(CallFailure) -> Result {
    for pause in [100, 300, 900] {
      do throws(CallFailure) {
        return try await body()
      } catch {
        guard case .notSent(let reason) = error, !(reason is PeerMismatch), deadline > .now() else {
          throw error
        }
        do {
          try await Task.sleep(for: .milliseconds(pause))
        } catch {
          throw .cancelled
        }
      }
    }
    return try await body()
  }

  /// Ends the call without a failure: its receiver has got what it wanted.
  func stop() { cancel(noting: \.isStopped) }

  private func start(_ call: any NetworkCall) {
    let isCancelled = state.withLock { state in
      state.call = call
      return state.isCancelled
    }
    if isCancelled { call.cancel() }
    call.start()
  }

  private func cancel(noting reason: WritableKeyPath<State, Bool>) {
    let call = state.withLock { state in
      state[keyPath: reason] = true
      return state.call
    }
    call?.cancel()
  }

  /// Lets go of the call.
  ///
  /// - Returns: whether the receiver ended it.
  private func finish() -> Bool {
    state.withLock { state in
      state.call = nil
      return state.isStopped
    }
  }
}
