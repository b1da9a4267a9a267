import NIOCore
import NIOHTTP1
import NIOWebSocket
import Web

/// One attempt to get a web socket for a client that waits; used on one event loop.
final class SocketDial {
  /// The longest frame that is taken: servers send 64 KiB of digits.
  private static let longestFrame = 4 << 20

  private let address: WebAddress
  private let limits: BridgeLimits
  private let local: LocalEnd
  private let note: @Sendable (BridgeFailure) -> Void
  private let promise: EventLoopPromise<Void>
  private var channel: (any Channel)?
  private var isDecided = false

  init(
    _ address: WebAddress, _ limits: BridgeLimits, _ local: LocalEnd, on eventLoop: any EventLoop,
    note: @escaping @Sendable (BridgeFailure) -> Void
  ) {
    self.address = address
    self.limits = limits
    self.local = local
    self.note = note
    promise = eventLoop.makePromise()
  }

  /// Connects, and lets the client's bytes pass when there is a web socket.
  ///
  /// - Returns: what fails with ``BridgeFailure``.
  func connect(
    _ client: WebClient, token: String?, on eventLoop: any EventLoop
  ) -> EventLoopFuture<Void> {
    let me = NIOLoopBound(self, eventLoop: eventLoop)
    do {
      try client.connect(
        to: address, on: eventLoop, through: .tunnel,
        fail: { me.value.decide(.unreachable(($0 as? WebFailure) ?? .lost($0))) },
        addHandlers: { try me.value.addHandlers(to: $0, token) }
      ).whenComplete { me.value.hasConnected($0) }
    } catch let error as WebSettingsError {
      decide(.settings(error))
    } catch {
      decide(.unreachable(.notConnected(error)))
    }
    return promise.futureResult
  }

  private func hasConnected(_ result: Result<any Channel, any Error>) {
    switch result {
    case .failure(let error): decide(.unreachable((error as? WebFailure) ?? .notConnected(error)))
    case .success(let channel):
      self.channel = channel
      // There is a reason against it already: a web socket cannot have been agreed on so soon.
      if isDecided { return channel.close(promise: nil) }
      // Writing stops where this much waits, and goes on where half of it does.
      let marks = ChannelOptions.Types.WriteBufferWaterMark(low: 128 << 10, high: 256 << 10)
      channel.setOption(.writeBufferWaterMark, value: marks).whenFailure { _ in }
      let me = NIOLoopBound(self, eventLoop: channel.eventLoop)
      channel.eventLoop.scheduleTask(in: TimeAmount(seconds: limits.handshake)) {
        me.value.decide(.late(me.value.limits.handshake))
      }
    }
  }

  private func addHandlers(
    to pipeline: ChannelPipeline.SynchronousOperations, _ token: String?
  ) throws {
    let me = NIOLoopBound(self, eventLoop: promise.futureResult.eventLoop)
    let request = SocketRequest(address, token: token) { me.value.decide($0) }
    let bound = NIOLoopBound(request, eventLoop: promise.futureResult.eventLoop)
    let upgrader = NIOWebSocketClientUpgrader(
      maxFrameSize: Self.longestFrame, automaticErrorHandling: false
    ) { channel, _ in
      channel.eventLoop.makeCompletedFuture { try me.value.begin(channel) }
    }
    try pipeline.addHTTPClientHandlers(
      leftOverBytesStrategy: .forwardBytes,
      withClientUpgrade: (
        upgraders: [upgrader],
        completionHandler: { context in
          context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
        }
      ))
    try pipeline.addHandler(request)
  }

  /// Joins both ends: the server has agreed on a web socket.
  private func begin(_ channel: any Channel) throws {
    let pipeline = channel.pipeline.syncOperations
    // From now on each end reads what the other one takes.
    try channel.syncOptions?.setOption(.autoRead, value: false)
    let end = SocketEnd(local, limits, note: note)
    try pipeline.addHandler(end)
    guard local.isOpen, !isDecided else { return end.othersEnd() }
    decide(nil)
    local.join(end)
    end.proceed()
  }

  /// Ends the attempt, if it has not ended: there is a web socket, or a reason why there is none.
  private func decide(_ failure: BridgeFailure?) {
    if isDecided { return }
    isDecided = true
    if let failure {
      promise.fail(failure)
      channel?.close(promise: nil)
    } else {
      promise.succeed()
    }
  }
}
