import ErrorCauses

/// How servers are reached.
package struct WebSettings: Sendable, Hashable {
  /// The file of the authorities that are trusted; `nil` for the system's.
  package var authorities: String?
  /// Seconds in which a server must send something.
  package var timeout: Int
  package var proxies: WebProxies

  /// - Parameter timeout: seconds.
  /// - Throws: ``WebSettingsError`` if a variable has a value that it cannot have.
  package init(environment: [String: String], timeout: Int = 30) throws(WebSettingsError) {
    self.timeout = timeout
    authorities = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].lazy
      .compactMap { environment[$0] }.first { !$0.isEmpty }
    proxies = try WebProxies(environment: environment)
  }
}

/// Which servers are reached through which proxies, as the usual variables say.
package struct WebProxies: Sendable, Hashable {
  /// A server that connects others.
  package struct Proxy: Sendable, Hashable {
    package let host: String
    package let port: Int
    /// `USER:PASSWORD`, if it asks for them.
    package let credentials: String?

    package init(host: String, port: Int, credentials: String?) {
      self.host = host
      self.port = port
      self.credentials = credentials
    }
  }

  private var secure: Proxy?
  private var plain: Proxy?
  /// Ends of names that are reached directly; `*` for all.
  private var direct: [String] = []

  /// - Throws: ``WebSettingsError`` if a variable names no proxy of HTTP.
  package init(environment: [String: String]) throws(WebSettingsError) {
    func proxy(_ names: [String]) throws(WebSettingsError) -> Proxy? {
      for name in names {
        for spelling in [name, name.uppercased()] {
          if let text = environment[spelling], !text.isEmpty {
            return try Self.proxy(text, spelling)
          }
        }
      }
      return nil
    }
    secure = try proxy(["https_proxy", "all_proxy"])
    plain = try proxy(["http_proxy", "all_proxy"])
    direct = (environment["no_proxy"] ?? environment["NO_PROXY"] ?? "").split(separator: ",").map {
      var name = $0.filter { $0 != " " }.lowercased()
      while name.hasPrefix(".") { name.removeFirst() }
      return name
    }
  }

  private static func proxy(_ text: String, _ variable: String) throws(WebSettingsError) -> Proxy {
    let wrong = WebSettingsError(
      "\(variable) names no proxy that can be used here; expected http://HOST:PORT, or "
        + "http://USER:PASSWORD@HOST:PORT")
    var rest = Substring(text)
    if let scheme = rest.firstRange(of: "://") {
      guard rest[..<scheme.lowerBound].lowercased() == "http" else { throw wrong }
      rest = rest[scheme.upperBound...]
    }
    rest = rest.prefix { $0 != "/" }
    var credentials: String?
    if let at = rest.lastIndex(of: "@") {
      credentials = String(rest[..<at])
      rest = rest[rest.index(after: at)...]
    }
    guard let (host, port) = WebAddress.hostAndPort(rest) else { throw wrong }
    return Proxy(host: host, port: port ?? 80, credentials: credentials)
  }

  /// The proxy for an address; `nil` if it is reached directly.
  package func proxy(for address: WebAddress) -> Proxy? {
    let host = address.host.lowercased()
    let isDirect = direct.contains { $0 == "*" || host == $0 || host.hasSuffix("." + $0) }
    return isDirect ? nil : address.isSecure ? secure : plain
  }
}

/// A variable of the environment, or a file that one names, with which no server can be reached.
package struct WebSettingsError: CausedError {
  /// What is wrong, and what was expected.
  package let message: String
  package let cause: (any Error)?

  init(_ message: String, cause: (any Error)? = nil) {
    self.message = message
    self.cause = cause
  }

  package var description: String { message }
}
