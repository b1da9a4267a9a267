import Glibc
import Synchronization

/// The system gives no more threads.
package struct NoThread: Error, CustomStringConvertible {
  package init() {}

  package var description: String { "the system gives no more threads" }
}

/// Threads of the operating system, on which blocking is allowed.
package enum Thread {
  private final class Body {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// What a thread does once. It holds nothing of it any more when it tells that it is done: what only
  /// the last one who holds it frees, such as an open file, libraries could not free while the process
  /// exits.
  private final class Work<Value: Sendable>: Sendable {
    private let body: Mutex<(@Sendable () throws -> Value)?>

    init(_ body: @escaping @Sendable () throws -> Value) { self.body = Mutex(body) }

    func result() -> Result<Value, any Error> {
      let taken = body.withLock { body in
        defer { body = nil }
        return body
      }
      guard let taken else { return .failure(CancellationError()) }
      return Result { try taken() }
    }
  }

  /// Bytes of stack: as many as the main thread usually has, since models and their parsers recurse.
  private static let stackSize = 8 << 20

  /// Runs `body` on a thread of its own; `false` if the system gives none.
  @discardableResult
  package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackSize)
    let box = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if result != 0 { box.release() }
    return result == 0
  }

  /// Makes the calling thread wait, also if signals come meanwhile.
  package static func sleep(for pause: Duration) {
    let (seconds, attoseconds) = pause.components
    var rest = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var left = timespec()
    while nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
  }

  /// Runs `body` on a thread of its own and waits without blocking the caller's.
  ///
  /// - Throws: what `body` throws; ``NoThread``.
  package static func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let work = Work(body)
      let started = start { continuation.resume(with: work.result()) }
      if !started {
        continuation.resume(throwing: NoThread())
      }
    }
  }
}
