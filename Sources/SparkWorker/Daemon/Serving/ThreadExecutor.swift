import Glibc
import Synchronization

/// Runs the asynchronous work of one connection on the connection's own thread.
///
/// Spark's streams are read and written with blocking calls; on this thread they hold up nobody
/// else, and functions may still be `async`.
final class ThreadExecutor: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var isFinished = false
  }

  private let state = Mutex(State())
  private nonisolated(unsafe) let wakeUps: UnsafeMutablePointer<sem_t>

  init() {
    wakeUps = .allocate(capacity: 1)
    sem_init(wakeUps, 0, 0)
  }

  deinit {
    sem_destroy(wakeUps)
    wakeUps.deallocate()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    sem_post(wakeUps)
  }

  /// Runs `operation` on the calling thread, which does nothing else until it ends.
  ///
  /// - Parameter onStart: is given a closure that cancels the operation, before it begins.
  func run<Value: Sendable>(
    onStart: (_ cancel: @escaping @Sendable () -> Void) -> Void,
    _ operation: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let outcome = Outcome<Value>()
    state.withLock { $0.isFinished = false }
    let task = Task(executorPreference: self) { [self] in
      do {
        let value = try await operation()
        outcome.result.withLock { $0 = .success(value) }
      } catch {
        outcome.result.withLock { $0 = .failure(error) }
      }
      state.withLock { $0.isFinished = true }
      sem_post(wakeUps)
    }
    onStart { task.cancel() }
    while true {
      let (jobs, isFinished) = state.withLock { state in
        defer { state.jobs.removeAll() }
        return (state.jobs, state.isFinished)
      }
      for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
      if jobs.isEmpty {
        if isFinished, let result = outcome.result.withLock({ $0 }) { return try result.get() }
        while sem_wait(wakeUps) != 0 {}
      }
    }
  }

  /// Where the result waits for the thread.
  private final class Outcome<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
  }
}
