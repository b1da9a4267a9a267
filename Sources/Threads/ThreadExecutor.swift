import Synchronization

/// Runs asynchronous work on a thread of its owner's, which may block: what it awaits comes back there.
///
/// A connection of Spark's, which is read and written with blocking calls, or an instance of a model
/// then holds up nobody but itself: neither network threads nor Swift's shared pool.
package final class ThreadExecutor: TaskExecutor, @unchecked Sendable {
  private let condition = BlockingCondition()
  private var jobs: [UnownedJob] = []
  private var isFinished = false

  package init() {}

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.withLock {
      jobs.append(job)
      condition.signal()
    }
  }

  /// Runs `operation` on the calling thread, which does nothing else until it ends.
  ///
  /// - Parameter onStart: is given a closure that cancels the operation, before it begins.
  /// - Throws: what `operation` throws.
  package func run<Value: Sendable>(
    onStart: (_ cancel: @escaping @Sendable () -> Void) -> Void = { _ in },
    _ operation: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let outcome = Outcome<Value>()
    condition.withLock { isFinished = false }
    let task = Task(executorPreference: self) { [self] in
      let result: Result<Value, any Error>
      do {
        result = .success(try await operation())
      } catch {
        result = .failure(error)
      }
      outcome.result.withLock { $0 = result }
      condition.withLock {
        isFinished = true
        condition.signal()
      }
    }
    onStart { task.cancel() }
    condition.lock()
    while true {
      if !jobs.isEmpty {
        let ready = jobs
        jobs.removeAll(keepingCapacity: true)
        condition.unlock()
        for job in ready { job.runSynchronously(on: asUnownedTaskExecutor()) }
        condition.lock()
      } else if isFinished {
        break
      } else {
        condition.wait()
      }
    }
    condition.unlock()
    guard let result = outcome.result.withLock({ $0 }) else { throw CancellationError() }
    return try result.get()
  }

  /// Where the result waits for the thread.
  private final class Outcome<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
  }
}
