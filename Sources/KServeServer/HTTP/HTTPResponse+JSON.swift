import JSONText
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
    json(["error": .string(message)], status: status)
  }

  static func error(_ error: KServeError) -> HTTPResponse {
    .error(status: HTTPResponseStatus(statusCode: error.code.httpStatus), error.message)
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

  /// Nothing there has the request's method; `methods` it has.
  ///
  /// - Parameter isText: whether Triton calls the answer a text, and not JSON.
  static func methodNotAllowed(_ methods: [HTTPMethod], isText: Bool) -> HTTPResponse {
    let text = "{\"error\":\"Method Not Allowed\"}"
    var response = HTTPResponse(
      status: .methodNotAllowed, contentType: isText ? "text/plain" : "application/json", text: text
    )
    response.headers.append(allow(methods))
    return response
  }

  /// The methods that a path has.
  static func options(_ methods: [HTTPMethod]) -> HTTPResponse {
    HTTPResponse(status: .noContent, headers: [allow(methods)])
  }

  private static func allow(_ methods: [HTTPMethod]) -> (name: String, value: String) {
    let all = methods.contains(.GET) ? methods + [.HEAD] : methods
    return ("Allow", (all + [.OPTIONS]).map(\.rawValue).joined(separator: ", "))
  }
}
