/// How servers are reached.
struct WebSettings: Sendable, Hashable {
  /// The file of the authorities that are trusted; `nil` for the system's.
  var authorities: String?
  /// Seconds in which a server must send something.
  var timeout: Int
  var proxies: WebProxies

  /// - Throws: ``HubError`` if a variable has a value that it cannot have.
  init(environment: [String: String]) throws(HubError) {
    authorities = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].lazy
      .compactMap { environment[$0] }.first { !$0.isEmpty }
    timeout = 30
    if let text = environment["HF_HUB_DOWNLOAD_TIMEOUT"], !text.isEmpty {
      guard let seconds = Int(text), (1...86_400).contains(seconds) else {
        throw HubError(
          .settings,
          "HF_HUB_DOWNLOAD_TIMEOUT is '\(text)', it must be a whole number of seconds above 0")
      }
      timeout = seconds
    }
    proxies = try WebProxies(environment: environment)
  }
}

/// Which servers are reached through which proxies, as the usual variables say.
struct WebProxies: Sendable, Hashable {
  /// A server that connects others.
  struct Proxy: Sendable, Hashable {
    let host: String
    let port: Int
    /// `USER:PASSWORD`, if it asks for them.
    let credentials: String?
  }

  private var secure: Proxy?
  private var plain: Proxy?
  /// Ends of names that are reached directly; `*` for all.
  private var direct: [String] = []

  /// - Throws: ``HubError`` if a variable names no proxy of HTTP.
  init(environment: [String: String]) throws(HubError) {
    func proxy(_ names: [String]) throws(HubError) -> Proxy? {
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

  private static func proxy(_ text: String, _ variable: String) throws(HubError) -> Proxy {
    let wrong = HubError(
      .settings,
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
  func proxy(for address: WebAddress) -> Proxy? {
    let host = address.host.lowercased()
    let isDirect = direct.contains { $0 == "*" || host == $0 || host.hasSuffix("." + $0) }
    return isDirect ? nil : address.isSecure ? secure : plain
  }
}
