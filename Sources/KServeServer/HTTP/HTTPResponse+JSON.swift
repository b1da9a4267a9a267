import KServeProtocol
import NIOCore
import NIOHTTP1

extension HTTPResponse {
  static func json(_ value: JSONValue, status: HTTPResponseStatus = .ok) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: [("Content-Type", "application/json")],
      body: [ByteBuffer(bytes: value.encoded())])
  }

  /// An error as Triton writes it.
  static func error(status: HTTPResponseStatus, _ message: String) -> HTTPResponse {
    json(.object([("error", .string(message))]), status: status)
  }

  /// No body.
  static func plain(_ status: HTTPResponseStatus) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain", text: "")
  }

  /// What was asked for is done, and there is nothing to tell.
  static var done: HTTPResponse { HTTPResponse(contentType: "application/json", text: "") }

  static var notFound: HTTPResponse {
    HTTPResponse(
      status: .notFound, contentType: "text/plain", text: "{\"error\":\"Not Found\"}")
  }

  static var modelNotReady: HTTPResponse {
    HTTPResponse(
      status: .badRequest, contentType: "text/plain",
      text: "{\"error\":\"Model version not ready\"}")
  }

  static var methodNotAllowed: HTTPResponse {
    HTTPResponse(
      status: .methodNotAllowed, contentType: "text/plain",
      text: "{\"error\":\"Method Not Allowed\"}")
  }

  /// The same where Triton calls its answers JSON.
  static var jsonMethodNotAllowed: HTTPResponse {
    .error(status: .methodNotAllowed, "Method Not Allowed")
  }
}
