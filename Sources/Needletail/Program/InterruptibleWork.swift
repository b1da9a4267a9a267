import Dispatch
import FoundationEssentials
import Glibc
import HostProcesses
import Synchronization
import Texts

/// Work of a program that Ctrl-C, or SIGTERM, ends.
package struct InterruptibleWork: Sendable {
  private let body: @Sendable () async throws -> Void

  package init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

  /// Does the work and tells how it went: 0, or `status` (1) after printing the error, or 130 after a
  /// signal, which cancels the work. A second signal ends the process.
  package func exitStatus(
    of status: @Sendable (any Error) -> Int32 = { _ in 1 }
  ) async -> Int32 {
    let work = Task { try await body() }
    let signals = [SIGINT, SIGTERM].map { InterruptSource($0) { work.cancel() } }
    defer { withExtendedLifetime(signals) {} }
    do {
      try await work.value
      return 0
    } catch {
      if signals.contains(where: \.wasSeen) {
        Self.complain("interrupted")
        return 130
      }
      Self.complain(Terminal.error.colored("error:", .red) + " \(error.reasonWithPath)")
      return status(error)
    }
  }

  private static func complain(_ text: String) {
    StatusLine.shared.clear()
    StatusLine.shared.note(text)
  }
}

/// Turns the first signal of a kind into a call, and the second into the end of the process.
private final class InterruptSource: @unchecked Sendable {
  // Dispatch sources are safe to use from any thread; the type does not say so.
  private let source: any DispatchSourceSignal
  private let seen = Mutex(false)

  var wasSeen: Bool { seen.withLock { $0 } }

  init(_ number: Int32, _ handler: @escaping @Sendable () -> Void) {
    signal(number, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler { [self] in
      let isSecond = seen.withLock { seen in
        defer { seen = true }
        return seen
      }
      if isSecond { exit(130) }
      handler()
    }
    source.activate()
  }
}
