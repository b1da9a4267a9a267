import Glibc
import Synchronization
import Threads

/// Tells when the other side of a connection hangs up, while the connection's own thread computes.
///
/// One thread waits for all connections of the process.
package final class HangUpWatcher: Sendable {
  private struct Watch {
    let descriptor: Int32
    let onHangUp: @Sendable () -> Void
  }

  private struct State {
    var next: UInt64 = 0
    var watches: [UInt64: Watch] = [:]
  }

  /// The other side has closed the connection, or its half of it (Linux's `poll.h`; the constant is
  /// not visible without extensions).
  private static let peerClosed: Int16 = 0x2000

  /// A pipe, by which the thread learns of new watches.
  private let wakeUp: (read: Int32, write: Int32)
  private let state = Mutex(State())

  /// The watcher of this process.
  package static let shared = HangUpWatcher()

  private init() {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    wakeUp = (ends[0], ends[1])
    Thread.start { [self] in run() }
  }

  /// Calls `onHangUp` at most once, from another thread, when the peer of `descriptor` closes the
  /// connection. End the watch with ``end(_:)`` before closing the descriptor.
  package func begin(_ descriptor: Int32, onHangUp: @escaping @Sendable () -> Void) -> UInt64 {
    let number = state.withLock { state in
      state.next += 1
      state.watches[state.next] = Watch(descriptor: descriptor, onHangUp: onHangUp)
      return state.next
    }
    var byte: UInt8 = 0
    write(wakeUp.write, &byte, 1)
    return number
  }

  /// Ends watch `number`; its closure does not run from now on.
  package func end(_ number: UInt64) {
    // The thread may still wait for the descriptor, and finds out by itself: at the latest when the
    // number is used again, for which begin(_:onHangUp:) wakes it.
    state.withLock { $0.watches[number] = nil }
  }

  private func run() {
    while true {
      let watches = state.withLock { Array($0.watches) }
      var requests = [pollfd(descriptor: wakeUp.read)]
      requests += watches.map {
        pollfd(fd: $0.value.descriptor, events: Self.peerClosed, revents: 0)
      }
      guard poll(&requests, nfds_t(requests.count), -1) > 0 else {
        if errno == EINTR { continue }
        return
      }
      if requests[0].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 256)
        _ = read(wakeUp.read, &bytes, bytes.count)
      }
      for (request, watch) in zip(requests.dropFirst(), watches) where request.revents != 0 {
        // Called under the lock, so that a watch that was ended stays silent.
        state.withLock { $0.watches.removeValue(forKey: watch.key)?.onHangUp() }
      }
    }
  }
}
