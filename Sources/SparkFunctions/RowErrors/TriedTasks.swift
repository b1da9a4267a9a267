import Models
import Synchronization

/// The tasks of this process in which too many rows have failed.
///
/// Spark runs a task that fails again, several times, whatever the error: the same rows would be predicted each
/// time, up to the same one. Where the attempt before was this process's the error is told at once.
final class TriedTasks: Sendable {
  struct Task: Hashable {
    var stage: Int
    var partition: Int
    var parameters: [UInt8]

    init(_ worker: WorkerContext, _ invocation: FunctionInvocation) {
      stage = worker.stage
      partition = worker.partition
      parameters = invocation.parameters
    }
  }

  static let shared = TriedTasks()

  /// The most that are known; Spark tries a task again soon.
  private static let most = 256

  private let failures = Mutex<[Task: InferenceError]>([:])

  func note(_ error: InferenceError, of task: Task) {
    failures.withLock { failures in
      if failures.count >= Self.most { failures = [:] }
      failures[task] = error
    }
  }

  /// Why an earlier attempt of the task has failed; `nil` for a first attempt, which may be a later run of the
  /// stage, on other rows.
  func failure(of task: Task, attempt: Int) -> InferenceError? {
    attempt > 0 ? failures.withLock { $0[task] } : nil
  }
}
