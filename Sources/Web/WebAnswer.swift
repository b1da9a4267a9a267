package import NIOHTTP1
import NIOPosix
import NIOSSL

/// A server's answer.
package struct WebAnswer: Sendable {
  package let status: Int
  package let headers: HTTPHeaders
  /// Its body, if that did not go elsewhere.
  package var body: [UInt8] = []

  package init(status: Int, headers: HTTPHeaders) {
    self.status = status
    self.headers = headers
  }

  package func header(_ name: String) -> String? { headers.first(name: name) }
}

/// What takes the body of an answer piece by piece.
package protocol WebSink: AnyObject {
  /// Whether the body of this answer shall come here; else it is kept in the answer.
  func takes(_ answer: WebAnswer) throws -> Bool

  /// A piece of the body.
  func receive(_ bytes: UnsafeRawBufferPointer) throws
}

/// Why there is no answer.
package enum WebFailure: Error, CustomStringConvertible {
  /// No connection could be made.
  case notConnected(any Error)
  /// The proxy did not connect.
  case refusedByProxy(String)
  /// The connection ended before the answer did.
  case lost(any Error)
  /// Nothing came for so many seconds.
  case late(Int)
  /// The answer is longer than an answer of its kind is.
  case tooLong

  package var description: String {
    switch self {
    case .notConnected(let error): "no connection could be made (\(Self.told(error)))"
    case .refusedByProxy(let reason): reason
    case .lost(let error): "the connection ended before the answer did (\(error))"
    case .late(let seconds): "nothing came for \(seconds) s"
    case .tooLong: "the answer is too long"
    }
  }

  /// What happened on the way to a server, without all that was tried.
  private static func told(_ error: any Error) -> String {
    guard let error = error as? NIOConnectionError else { return "\(error)" }
    guard let first = error.connectionErrors.first else {
      return "the name \(error.host) is not known"
    }
    return "\(error.host):\(error.port): \(first.error)"
  }

  /// Whether two did not agree on TLS: a certificate that is not trusted, or a server without it.
  private static func isAboutTrust(_ error: any Error) -> Bool {
    if error is NIOSSLExtraError { return true }
    guard case .handshakeFailed? = error as? NIOSSLError else { return false }
    // That may be the network's end as well.
    return !"\(error)".contains("EOF")
  }

  /// Whether it may be otherwise in a moment.
  package var mayPass: Bool {
    switch self {
    case .notConnected, .late: true
    case .lost(let error): !Self.isAboutTrust(error)
    case .refusedByProxy, .tooLong: false
    }
  }
}
