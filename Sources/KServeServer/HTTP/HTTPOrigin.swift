import Glibc
import NIOHTTP1

/// Keeps pages of other sites, which a browser on the same machine may show, from changing the
/// server's state.
///
/// A browser sends a page's request to any address, with the field `Origin` that names the page's site;
/// a name that its owner lets point here (DNS rebinding) shows as a `Host` that is none of this
/// machine's.
struct HTTPOrigin: Sendable {
  /// Whether the server listens to this machine alone, for which a public name makes no sense.
  let isLocal: Bool
  /// The names by which clients reach the server, beside those of this machine, in small letters.
  let hosts: Set<String>

  init(listeningOn host: String, allowedHosts: [String]) {
    isLocal = host == "localhost" || host == "::1" || host.hasPrefix("127.")
    var names = Set((allowedHosts + [host]).map { $0.lowercased() })
    var buffer = [CChar](repeating: 0, count: 256)
    if gethostname(&buffer, 255) == 0 {
      let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      names.insert(String(decoding: name, as: UTF8.self).lowercased())
    }
    hosts = names
  }

  /// Why a request that changes the server's state is refused; `nil` if it is not.
  func refusal(_ headers: HTTPHeaders, authority: String?) -> String? {
    let host = Self.host(of: authority ?? "")
    if let site = headers.first(name: "sec-fetch-site")?.lowercased(),
      site == "cross-site" || site == "same-site"
    {
      return "a page of another site asks for this (Sec-Fetch-Site: \(site))"
    }
    if let origin = headers.first(name: "origin") {
      let lower = origin.lowercased()
      let scheme = ["http://", "https://"].first { lower.hasPrefix($0) }
      guard let scheme, lower.dropFirst(scheme.count) == (authority ?? "").lowercased() else {
        return "a page of another site asks for this (Origin: \(origin.prefix(100)))"
      }
      if !isKnown(host) { return unknown(host) }
    }
    if isLocal, authority != nil, !isKnown(host) { return unknown(host) }
    return nil
  }

  private func unknown(_ host: String) -> String {
    "'\(host.prefix(100))' is no name of this server; call it by its address, or name it with "
      + "--allowed-host (allowedHosts in Swift)"
  }

  /// An address, a name without a domain, which no foreigner can own, or one of the server's names.
  private func isKnown(_ host: String) -> Bool {
    if hosts.contains(host) || host.hasSuffix(".localhost") { return true }
    if !host.contains(".") || host.contains(":") { return true }
    return host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
  }

  /// The host of an authority, without its port and brackets, in small letters.
  private static func host(of authority: String) -> String {
    let lower = authority.lowercased()
    if lower.hasPrefix("[") { return String(lower.dropFirst().prefix { $0 != "]" }) }
    let name = lower.prefix { $0 != ":" }
    return String(name.hasSuffix(".") ? name.dropLast() : name)
  }
}
