import NIOCore
import NIOHTTP1

/// NIO's decoder of requests, which goes on after a request with the field `Upgrade`.
///
/// A server may ignore that field (RFC 9110, 7.8), and this one does. NIO's decoder stops behind such
/// a request, since what follows might be another protocol; here a new decoder takes its place.
final class HTTPRequestStream: ByteToMessageDecoder {
  typealias InboundOut = HTTPServerRequestPart

  private var decoder = HTTPRequestStream.makeDecoder()
  /// Whether the decoder has stopped; ``HTTPUpgradeWatch`` knows.
  fileprivate var hasStopped = false

  private static func makeDecoder() -> HTTPRequestDecoder {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 32 << 10
    limits.maxHeaderListSize = 64 << 10
    return HTTPRequestDecoder(limitConfiguration: limits)
  }

  func decoderAdded(context: ChannelHandlerContext) { decoder.decoderAdded(context: context) }
  func decoderRemoved(context: ChannelHandlerContext) { decoder.decoderRemoved(context: context) }

  func decode(
    context: ChannelHandlerContext, buffer: inout ByteBuffer
  ) throws -> DecodingState {
    while true {
      let state = try decoder.decode(context: context, buffer: &buffer)
      guard replaceStopped(context: context), buffer.readableBytes > 0 else { return state }
    }
  }

  func decodeLast(
    context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
  ) throws -> DecodingState {
    while buffer.readableBytes > 0 {
      _ = try decoder.decode(context: context, buffer: &buffer)
      guard replaceStopped(context: context) else { break }
    }
    return try decoder.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
  }

  private func replaceStopped(context: ChannelHandlerContext) -> Bool {
    guard hasStopped else { return false }
    hasStopped = false
    decoder.decoderRemoved(context: context)
    decoder = Self.makeDecoder()
    decoder.decoderAdded(context: context)
    return true
  }
}

/// Tells an ``HTTPRequestStream`` that its decoder has stopped behind a request.
final class HTTPUpgradeWatch: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  private let stream: HTTPRequestStream
  private var stops = false

  init(_ stream: HTTPRequestStream) { self.stream = stream }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): stops = Self.stopsDecoder(head)
    case .body: break
    case .end: stream.hasStopped = stops
    }
    context.fireChannelRead(data)
  }

  /// Whether NIO's decoder stops behind the request: at `CONNECT`, and where there is `Upgrade` and
  /// `Connection` has that word among its own.
  private static func stopsDecoder(_ head: HTTPRequestHead) -> Bool {
    if head.method == .CONNECT { return true }
    guard head.headers.contains(name: "upgrade") else { return false }
    return head.headers["connection"].contains { value in
      value.split(separator: ",").contains { word in
        let start = word.drop { $0 == " " || $0 == "\t" }
        return start.prefix { $0 != " " }.lowercased() == "upgrade"
          && start.dropFirst(7).allSatisfy { $0 == " " }
      }
    }
  }
}
