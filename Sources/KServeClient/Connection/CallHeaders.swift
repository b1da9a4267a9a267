import Texts

/// The headers that all calls of a server have, from its endpoint and the options of the client.
struct CallHeaders {
  /// The host that is named: HTTP's `Host`, gRPC's `:authority`.
  let authority: String
  /// The further ones; their names are in lower case.
  let others: [(String, String)]

  /// - Parameter token: the header for the access token.
  /// - Throws: ``KServeError`` if one of the options' headers cannot be sent.
  init(
    _ endpoint: KServeEndpoint, _ options: KServeClientOptions, token: String
  ) throws(KServeError) {
    var authority = endpoint.authority
    var others = ["user-agent": "needletail"]
    if let accessToken = options.accessToken {
      try Self.check(value: accessToken, of: "the access token")
      others[token] = accessToken
    }
    for (name, value) in options.headers {
      let folded = name.lowercased()
      guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
        throw KServeError(.invalidArgument, "'\(name)' is no name of a header")
      }
      if Self.reserved.contains(folded) {
        throw KServeError(
          .invalidArgument, "the header '\(name)' follows from the request and cannot be given")
      }
      try Self.check(value: value, of: "the header '\(name)'")
      if folded == "host" {
        authority = value
      } else {
        others[folded] = value
      }
    }
    self.authority = authority
    self.others = others.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static let reserved: Set<String> = [
    "connection", "content-length", "content-type", "grpc-timeout",
    "inference-header-content-length", "te", "transfer-encoding", "upgrade",
  ]

  /// - Note: values may be secret, so that messages leave them out.
  private static func check(value: String, of what: String) throws(KServeError) {
    guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else {
      throw KServeError(
        .invalidArgument,
        "the value of \(what) has characters beyond printable ASCII, such as a line break, which no "
          + "header may have")
    }
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
