import Glibc

/// A thread of a model's own, on which its closures run.
///
/// Blocking in a model holds up only its own instance: neither the network threads nor Swift's
/// shared pool. The closure's task prefers this executor, so what it awaits comes back here.
final class InstanceThread: TaskExecutor, @unchecked Sendable {
  private let condition = BlockingCondition()
  private var jobs: [UnownedJob] = []
  private var isFinished = false

  /// Bytes of stack: as many as a main thread usually has, since models and their parsers recurse.
  private static let stackSize = 8 << 20

  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Starts a thread that runs `body`; `false` if the system gives none.
  static func start(_ body: @escaping @Sendable (InstanceThread) -> Void) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackSize)
    let thread = InstanceThread()
    let box = Unmanaged.passRetained(Body { body(thread) })
    var handle = pthread_t()
    let result = pthread_create(
      &handle, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if result != 0 { box.release() }
    return result == 0
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.withLock {
      jobs.append(job)
      condition.signal()
    }
  }

  /// Runs `operation` on the calling thread, which must be the one that ``start(_:)`` made, and
  /// returns when it has ended.
  func run(_ operation: @escaping @Sendable () async -> Void) {
    condition.withLock { isFinished = false }
    Task(executorPreference: self) { [self] in
      await operation()
      condition.withLock {
        isFinished = true
        condition.signal()
      }
    }
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
  }
}
