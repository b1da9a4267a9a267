import NIOCore
import NIOHTTP1

/// One request on a connection, which ends with it; used on its event loop, but for ``fail(_:)`` and
/// ``answer``.
final class WebCall: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// The longest body that is kept: lists of files have some hundred bytes for each.
  private static let longestBody = 64 << 20

  private let request: HTTPRequestHead
  private let body: [UInt8]
  private let sink: (any WebSink)?
  private let timeout: Int
  private let promise: EventLoopPromise<WebAnswer>
  private var received: WebAnswer?
  private var sinkTakesBody = false
  private var hasEnded = false

  init(
    _ request: HTTPRequestHead, body: [UInt8], into sink: (any WebSink)?, timeout: Int,
    promise: EventLoopPromise<WebAnswer>
  ) {
    self.request = request
    self.body = body
    self.sink = sink
    self.timeout = timeout
    self.promise = promise
  }

  var answer: EventLoopFuture<WebAnswer> { promise.futureResult }

  /// Ends the call, if it has not ended.
  func fail(_ error: any Error) {
    if promise.futureResult.eventLoop.inEventLoop {
      end(.failure(error))
    } else {
      promise.futureResult.eventLoop.execute { self.end(.failure(error)) }
    }
  }

  private func end(_ result: Result<WebAnswer, any Error>) {
    if hasEnded { return }
    hasEnded = true
    promise.completeWith(result)
  }

  /// The connection is there when the handler is added.
  func handlerAdded(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(request)), promise: nil)
    if !body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if hasEnded { return }
    do {
      switch unwrapInboundIn(data) {
      case .head(let head):
        let answer = WebAnswer(status: Int(head.status.code), headers: head.headers)
        received = answer
        sinkTakesBody = try sink?.takes(answer) ?? false
      case .body(let buffer): try receive(buffer)
      case .end:
        if let received { end(.success(received)) }
        context.close(promise: nil)
      }
    } catch {
      end(.failure(error))
      context.close(promise: nil)
    }
  }

  private func receive(_ buffer: ByteBuffer) throws {
    if sinkTakesBody, let sink {
      try buffer.withUnsafeReadableBytes { try sink.receive($0) }
    } else if var answer = received {
      guard answer.body.count + buffer.readableBytes <= Self.longestBody else {
        throw WebFailure.tooLong
      }
      // The answer's memory is not copied for each piece of it.
      received = nil
      answer.body.append(contentsOf: buffer.readableBytesView)
      received = answer
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .read? = event as? IdleStateHandler.IdleStateEvent {
      end(.failure(WebFailure.late(timeout)))
      context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(.failure(WebFailure.lost(ChannelError.eof)))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(.failure(WebFailure.lost(error)))
    context.close(promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end(.failure(WebFailure.lost(ChannelError.eof)))
  }
}
