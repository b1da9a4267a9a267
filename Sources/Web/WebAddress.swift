import Texts

/// An address of HTTP with the path exactly as it was given: the signature of an address in a store holds
/// for these very characters.
package struct WebAddress: Sendable, Hashable {
  package let isSecure: Bool
  /// A name or an address, IPv6 without brackets.
  package let host: String
  package let port: Int
  /// Path and query; begins with a slash unless it is empty.
  package let target: String
}

extension WebAddress {
  /// `nil` if `text` is no address of HTTP.
  package init?(_ text: String) {
    guard let colon = text.firstRange(of: "://") else { return nil }
    switch text[..<colon.lowerBound].lowercased() {
    case "https": isSecure = true
    case "http": isSecure = false
    default: return nil
    }
    let rest = text[colon.upperBound...]
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    // Names before an @ would be sent as a part of the host.
    guard let (host, port) = Self.hostAndPort(rest[..<end]) else { return nil }
    self.host = host
    self.port = port ?? (isSecure ? 443 : 80)
    target = Self.target(rest[end...])
  }

  /// The parts of `HOST[:PORT]`.
  static func hostAndPort(_ text: Substring) -> (String, Int?)? {
    var host = text
    var port: Int?
    let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
    if let colon = text[afterBracket...].lastIndex(of: ":") {
      host = text[..<colon]
      guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
        return nil
      }
      port = number
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    let isPlain = host.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard !host.isEmpty, isPlain, !host.contains("@"), !host.contains("/") else { return nil }
    return (String(host), port)
  }

  /// The rest of an address without what follows a `#`, and without characters that end a request's line.
  private static func target(_ text: Substring) -> String {
    let target = text.prefix { $0 != "#" }
    let slash = target.isEmpty || target.hasPrefix("/") ? "" : "/"
    // What an address can have, `%` and all that means something among it.
    return slash + target.percentEncoded { (0x21...0x7E).contains($0) }
  }

  /// The address behind this one, which may end in a slash.
  package func appending(_ path: String) -> WebAddress {
    var base = target
    while base.hasSuffix("/") { base.removeLast() }
    return WebAddress(isSecure: isSecure, host: host, port: port, target: base + path)
  }

  /// Where a redirection of this address leads; `nil` if it is no address of HTTP.
  package func resolved(_ location: String) -> WebAddress? {
    if location.contains("://"), let other = WebAddress(location) { return other }
    if location.hasPrefix("//") { return WebAddress((isSecure ? "https:" : "http:") + location) }
    // Before the first slash a colon ends the name of a scheme.
    guard !location.isEmpty, !location.prefix(while: { !"/?".contains($0) }).contains(":") else {
      return nil
    }
    let path = target.isEmpty ? "/" : target.prefix { $0 != "?" }
    var base = ""
    if !location.hasPrefix("/") {
      let slash = path.lastIndex(of: "/") ?? path.startIndex
      base = String(location.hasPrefix("?") ? path : path.prefix(through: slash))
    }
    let next = Self.target(Substring(base + location))
    return WebAddress(isSecure: isSecure, host: host, port: port, target: next)
  }

  /// Whether both are of one server, to which the same secrets may be shown.
  package func isOfSameServer(as other: WebAddress) -> Bool {
    isSecure == other.isSecure && port == other.port
      && host.lowercased() == other.host.lowercased()
  }

  /// Host and port as they stand in a request.
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// Scheme, host and port.
  package var server: String { "\(isSecure ? "https" : "http")://\(authority)" }
}

extension WebAddress: CustomStringConvertible {
  /// Without the query, which may be a signature that opens a file to everybody.
  package var description: String { server + target.prefix { $0 != "?" } }
}

extension StringProtocol {
  /// One part of a path: all but letters, digits and the four marks that never mean anything.
  package var asPathPart: String {
    percentEncoded { $0.isLetterOrDigit || "-._~".utf8.contains($0) }
  }
}
