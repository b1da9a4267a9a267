import KServeProtocol
import NIOHTTP1
import Texts

/// What RFC 9110 and 9112 demand of a request's head beyond its syntax, which NIO checks.
enum HTTPRequestRules {
  /// Why a request is refused; its connection is closed behind the answer.
  struct Refusal: Error, Sendable {
    var status: HTTPResponseStatus
    var message: String
    var headers: [(name: String, value: String)] = []

    init(_ status: HTTPResponseStatus, _ message: String) {
      self.status = status
      self.message = message
    }
  }

  /// A head that may be answered.
  struct Accepted {
    /// The path and query; `*` if the whole server is meant.
    var target: String
    /// The host and port as the client names them; `nil` only in HTTP/1.0.
    var authority: String?
    /// Whether the client waits for an interim answer before it sends the body.
    var waitsForContinue: Bool
  }

  static func check(_ head: HTTPRequestHead) throws(Refusal) -> Accepted {
    let hosts = head.headers["host"]
    let isOld = head.version.minor == 0
    guard hosts.count == 1 || (isOld && hosts.isEmpty) else {
      throw Refusal(
        .badRequest,
        hosts.isEmpty
          ? "the request has no field Host, which HTTP/1.1 demands"
          : "the request has \(hosts.count) fields Host, there must be one")
    }
    if let host = hosts.first, !isAuthority(host) {
      throw Refusal(.badRequest, "the field Host is '\(host.prefix(100))', which is no host")
    }
    try checkCoding(head, isOld: isOld)
    var waits = false
    for expectation in head.headers[canonicalForm: "expect"] where !isOld {
      guard expectation.lowercased() == "100-continue" else {
        throw Refusal(
          .expectationFailed, "the expectation '\(expectation.prefix(100))' is not known")
      }
      waits = true
    }
    let (target, authority) = try target(of: head)
    return Accepted(
      target: target, authority: authority ?? hosts.first, waitsForContinue: waits)
  }

  /// Only `chunked` is known, and only where it cannot be mistaken.
  private static func checkCoding(_ head: HTTPRequestHead, isOld: Bool) throws(Refusal) {
    let codings = head.headers[canonicalForm: "transfer-encoding"].map { $0.lowercased() }
    if codings.isEmpty { return }
    if isOld {
      throw Refusal(.badRequest, "HTTP/1.0 has no Transfer-Encoding; give a Content-Length")
    }
    if head.headers.contains(name: "content-length") {
      throw Refusal(
        .badRequest, "the request has both Transfer-Encoding and Content-Length; give one")
    }
    if codings != ["chunked"] {
      throw Refusal(
        .notImplemented,
        "the transfer coding '\(codings.joined(separator: ", ").prefix(100))' is not known; send chunked, "
          + "or a Content-Length")
    }
  }

  /// The origin form of the target, and the authority if it is given in the absolute form.
  private static func target(
    of head: HTTPRequestHead
  ) throws(Refusal) -> (target: String, authority: String?) {
    let uri = head.uri
    if head.method == .CONNECT {
      var refusal = Refusal(.methodNotAllowed, "this server is no proxy")
      refusal.headers = [("Allow", "GET, HEAD, POST, OPTIONS")]
      throw refusal
    }
    if uri.utf8.first == UInt8(ascii: "/") { return (uri, nil) }
    if uri == "*", head.method == .OPTIONS { return (uri, nil) }
    let lower = uri.prefix(8).lowercased()
    for scheme in ["http://", "https://"] where lower.hasPrefix(scheme) {
      let rest = uri.dropFirst(scheme.count)
      let authority = rest.prefix { $0 != "/" && $0 != "?" }
      guard !authority.isEmpty, isAuthority(String(authority)) else { break }
      let path = rest.dropFirst(authority.count)
      return (path.hasPrefix("/") ? String(path) : "/" + path, String(authority))
    }
    throw Refusal(
      .badRequest, "the target '\(uri.prefix(100))' is neither a path nor an URL of HTTP")
  }

  /// Whether a text may be a host and a port; an empty one may.
  private static func isAuthority(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0.isLetterOrDigit || "-._~:[]%!$&'()*+;=".utf8.contains($0) }
  }
}
