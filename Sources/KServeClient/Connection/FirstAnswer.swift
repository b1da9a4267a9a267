import NIOCore
import Synchronization

/// Whether a server has ever answered. If it has not, and ends connections without a word, it may speak
/// TLS.
final class FirstAnswer: Sendable {
  private let address: ServerAddress
  private let hasCome = Mutex(false)

  init(_ address: ServerAddress) { self.address = address }

  func came() { hasCome.withLock { $0 = true } }

  /// `failure`, or what is behind it.
  func explained(_ failure: CallFailure, on eventLoop: any EventLoop) async -> CallFailure {
    guard case .lost(let reason) = failure, !(reason is PeerMismatch), !address.endpoint.isSecure,
      !hasCome.withLock({ $0 }), await address.speaksTLS(on: eventLoop)
    else { return failure }
    return .lost(PeerMismatch(spoken: .tls))
  }
}
