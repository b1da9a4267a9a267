import KServeProtocol
import NIOCore
import NIOHTTP1

/// A request whose body has arrived.
struct HTTPRequest: Sendable {
  var method: HTTPMethod
  /// The path and query as the client sent them.
  var uri: String
  var headers: HTTPHeaders
  /// Its bytes, which tensors view in place.
  var body: TensorBytes
  var cancellation: RequestCancellation
}

/// An answer with a body of known length.
struct HTTPResponse: Sendable {
  var status: HTTPResponseStatus
  var headers: [(name: String, value: String)]
  var body: [ByteBuffer]

  init(
    status: HTTPResponseStatus = .ok, headers: [(name: String, value: String)] = [],
    body: [ByteBuffer] = []
  ) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// An answer with a text as its body.
  init(status: HTTPResponseStatus = .ok, contentType: String, text: String) {
    self.init(
      status: status, headers: [("Content-Type", contentType)],
      body: text.isEmpty ? [] : [ByteBuffer(string: text)])
  }

  var byteCount: Int { body.reduce(0) { $0 + $1.readableBytes } }
}
