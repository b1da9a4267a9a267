import KServeProtocol
import NIOCore
import NIOHTTP1

/// A request whose body has arrived.
struct HTTPRequest: Sendable {
  var method: HTTPMethod
  /// The path and query; `*` if the whole server is meant.
  var target: String
  /// The host and port by which the client calls the server.
  var authority: String?
  var headers: HTTPHeaders
  /// Its bytes, which tensors view in place.
  var body: TensorBytes
  /// What the body takes of the server's memory.
  var memory: MemoryBudget.Lease
  var client: ClientIdentity
  var cancellation: RequestCancellation
}

/// An answer with a body of known length.
struct HTTPResponse: Sendable {
  var status = HTTPResponseStatus.ok
  var headers: [(name: String, value: String)] = []
  var body: [ByteBuffer] = []
  /// What it takes of the server's memory until it is sent.
  var lease: InFlightLimit.Lease?
}

extension HTTPResponse {
  /// An answer with a text as its body.
  init(status: HTTPResponseStatus = .ok, contentType: String, text: String) {
    self.init(
      status: status, headers: [("Content-Type", contentType)],
      body: text.isEmpty ? [] : [ByteBuffer(string: text)])
  }

  var byteCount: Int { body.reduce(0) { $0 + $1.readableBytes } }
}
