import NIOCore
import Synchronization

/// The connections of a listening socket that are open.
final class OpenConnections: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    channels.withLock { $0[id] = channel }
    channel.closeFuture.whenComplete { _ in
      self.channels.withLock { $0[id] = nil }
    }
  }

  var all: [any Channel] { channels.withLock { Array($0.values) } }
}
