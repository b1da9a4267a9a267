import NIOCore
import NIOWebSocket

/// The end of a tunnel at the server: a web socket whose messages are the bytes, in hexadecimal digits.
///
/// A message of bytes is taken as it is. Pings go out when the server is silent, since a connection whose
/// other side is gone says nothing.
final class SocketEnd: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  /// What a message carries at most; Google's own client sends as much.
  static let longestPiece = 32 << 10

  private let local: LocalEnd
  private let limits: BridgeLimits
  private let note: (BridgeFailure) -> Void
  private var context: ChannelHandlerContext?
  private var hex = HexReader()
  /// Whether the message whose pieces come is text; `nil` between messages.
  private var isText: Bool?
  private var isWaiting = false
  private var hasEnded = false
  private var pulse: RepeatedTask?
  private var lastHeard = NIODeadline.now()
  private var pinged: NIODeadline?

  /// - Parameter note: takes the reason when the web socket ends by the server's side.
  init(_ local: LocalEnd, _ limits: BridgeLimits, note: @escaping (BridgeFailure) -> Void) {
    self.local = local
    self.limits = limits
    self.note = note
  }

  /// Whether the server takes bytes.
  var isWritable: Bool { context?.channel.isWritable == true }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let beat = TimeAmount(seconds: min(limits.silence, limits.answer) / 4)
    let me = NIOLoopBound(self, eventLoop: context.eventLoop)
    pulse = context.eventLoop.scheduleRepeatedTask(initialDelay: beat, delay: beat) { _ in
      me.value.watch()
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    pulse?.cancel()
    self.context = nil
  }

  // MARK: To the server

  /// Sends bytes, in messages of a length that Google's client has, too.
  func send(_ bytes: ByteBuffer) {
    guard let context, !hasEnded else { return }
    var rest = bytes
    while let piece = rest.readSlice(length: min(rest.readableBytes, Self.longestPiece)),
      piece.readableBytes > 0
    {
      let text = HexText.encoded(piece, context.channel.allocator)
      send(.text, text, context)
    }
  }

  func flush() { context?.flush() }

  private func send(_ kind: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
    // A client's frames are masked (RFC 6455, 5.3).
    let frame = WebSocketFrame(fin: true, opcode: kind, maskKey: .random(), data: data)
    context.write(wrapOutboundOut(frame), promise: nil)
  }

  /// Says goodbye, for the client has gone.
  func othersEnd() {
    guard let context, !hasEnded else { return }
    hasEnded = true
    sayGoodbye(1000, context)
    context.flush()
    // The server's goodbye closes the connection, or the time for it.
    let channel = context.channel
    context.eventLoop.scheduleTask(in: TimeAmount(seconds: limits.goodbye)) {
      channel.close(promise: nil)
    }
    isWaiting = false
    context.read()
  }

  private func sayGoodbye(_ code: UInt16, _ context: ChannelHandlerContext) {
    send(.connectionClose, ByteBuffer(integer: code), context)
  }

  // MARK: From the server

  /// Reads on, if the client takes what comes.
  func proceed() {
    guard let context else { return }
    if local.isWritable || hasEnded {
      isWaiting = false
      context.read()
    } else {
      isWaiting = true
    }
  }

  /// Reads on if it has waited.
  func othersWritabilityChanged() { if isWaiting { proceed() } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastHeard = .now()
    pinged = nil
    let frame = unwrapInboundIn(data)
    switch frame.opcode {
    case .text, .binary, .continuation: take(frame, context)
    case .ping:
      if !hasEnded {
        send(.pong, frame.unmaskedData, context)
        context.flush()
      }
    case .connectionClose: takeGoodbye(frame, context)
    default: break
    }
  }

  private func take(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
    if hasEnded { return }
    let isFirst = frame.opcode != .continuation
    guard isFirst == (isText == nil) else {
      return refuse("the pieces of messages in another order than they have", 1002, context)
    }
    let text = isText ?? (frame.opcode == .text)
    isText = text
    if text {
      guard let bytes = hex.bytes(frame.unmaskedData, context.channel.allocator) else {
        return refuse("text in which there is more than hexadecimal digits", 1007, context)
      }
      local.write(bytes)
    } else {
      local.write(frame.unmaskedData)
    }
    if frame.fin {
      isText = nil
      if !hex.end() { refuse("half a byte", 1007, context) }
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    local.flush()
    proceed()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    local.othersWritabilityChanged()
    context.fireChannelWritabilityChanged()
  }

  // MARK: The end

  private func takeGoodbye(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
    if !hasEnded {
      var data = frame.unmaskedData
      let code = data.readInteger(as: UInt16.self)
      let reason = String(buffer: data)
      sayGoodbye(code ?? 1000, context)
      context.flush()
      end(.closed(code: code.map(Int.init), reason: reason))
    }
    context.close(promise: nil)
  }

  private func refuse(_ what: String, _ code: UInt16, _ context: ChannelHandlerContext) {
    sayGoodbye(code, context)
    context.flush()
    end(.garbage(what))
    context.close(promise: nil)
  }

  private func end(_ failure: BridgeFailure) {
    if hasEnded { return }
    hasEnded = true
    note(failure)
    local.othersEnd()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(.closed(code: nil, reason: ""))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is NIOWebSocketError {
      refuse("what is no frame of a web socket (\(error))", 1002, context)
    } else {
      end(.closed(code: nil, reason: "\(error)"))
      context.close(promise: nil)
    }
  }

  // MARK: Whether anybody is there

  private func watch() {
    guard let context, !hasEnded else { return }
    let now = NIODeadline.now()
    // Answers are not read while the client does not take what came before them.
    if isWaiting {
      lastHeard = now
      pinged = nil
    } else if let pinged {
      let patience = context.channel.isWritable ? limits.answer : limits.stall
      if now - pinged >= TimeAmount(seconds: patience) {
        end(.silent(patience))
        context.close(promise: nil)
      }
    } else if now - lastHeard >= TimeAmount(seconds: limits.silence) {
      pinged = now
      send(.ping, ByteBuffer(), context)
      context.flush()
    }
  }
}

extension TimeAmount {
  init(seconds: Double) { self = .nanoseconds(Int64(seconds * 1e9)) }
}
