/// What a server says first to who connects.
enum Greeting: Sendable, Hashable {
  /// HTTP/2 without TLS, as Spark itself does.
  case http2
  /// TLS was agreed on, for this protocol over it.
  case tls(application: String?)
  /// HTTP/1, with its first line.
  case http1(String)
  /// Something else, or nothing within some seconds.
  case unknown

  /// What the first bytes in the clear tell; `nil` if they do not suffice.
  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: Array("HTTP/1".utf8)) {
      let line = bytes.prefix { $0 != 13 && $0 != 10 }
      self = .http1(String(decoding: line, as: UTF8.self))
    } else if bytes.count >= 5, bytes[0] == 0, bytes[1] == 0, bytes[3] == 4 {
      // A short frame with settings, by which every server begins (RFC 9113, 3.4).
      self = .http2
    } else if bytes.count >= 2, bytes[0] == 0x15 || bytes[0] == 0x16, bytes[1] == 3 {
      self = .tls(application: nil)
    } else {
      return nil
    }
  }

  /// What a client of HTTP/2 begins with: the preface, and an empty frame with settings.
  static let preface =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
}
