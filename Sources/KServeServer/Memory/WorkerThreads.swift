import NIOCore
import Threads

/// A few threads for long work on what clients sent (expanding it, reading large texts), so that it
/// holds up neither the network's threads nor Swift's shared pool, on which everybody waits.
final class WorkerThreads: Sendable {
  private final class Queue: @unchecked Sendable {
    let condition = BlockingCondition()
    private var jobs = CircularBuffer<@Sendable () -> Void>()
    private var isClosed = false

    func append(_ job: @escaping @Sendable () -> Void) {
      condition.withLock {
        jobs.append(job)
        condition.signal()
      }
    }

    func close() {
      condition.withLock {
        isClosed = true
        condition.broadcast()
      }
    }

    func next() -> (@Sendable () -> Void)? {
      condition.lock()
      defer { condition.unlock() }
      while jobs.isEmpty {
        if isClosed { return nil }
        condition.wait()
      }
      return jobs.removeFirst()
    }
  }

  private let queue = Queue()

  /// - Parameter count: the threads; fewer if the system does not give them.
  init(count: Int) {
    for _ in 0..<count {
      Thread.start { [queue] in
        while let job = queue.next() { job() }
      }
    }
  }

  deinit { queue.close() }

  /// Runs `job` when a thread is free; jobs begin in their order.
  func run(_ job: @escaping @Sendable () -> Void) { queue.append(job) }
}
