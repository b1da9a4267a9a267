import FoundationEssentials
import Texts

/// Where a KServe v2 server answers, and with which of the protocol's transports.
public struct KServeEndpoint: Sendable, Hashable, Codable {
  /// How requests travel.
  public enum Transport: String, Sendable, Hashable, Codable {
    /// gRPC on HTTP/2; Triton's port 8001.
    case grpc
    /// HTTP/1.1; Triton's port 8000. Tensors travel in binary if the server lists that extension,
    /// else in JSON.
    case http

    /// The port if a URL names none.
    public var defaultPort: Int { self == .grpc ? 8001 : 8000 }
  }

  /// What is spoken to the server.
  public var transport: Transport
  /// The server's name or address, IPv6 without brackets.
  public var host: String
  /// The port of the transport; gRPC and HTTP have one each.
  public var port: Int
  /// Whether the connection is encrypted (TLS).
  public var isSecure: Bool
  /// What a gateway puts before the protocol's paths, such as `/team/models`, percent-encoded; empty
  /// for none. HTTP only.
  public var pathPrefix: String

  public init(
    _ transport: Transport, host: String, port: Int? = nil, isSecure: Bool = false,
    pathPrefix: String = ""
  ) {
    self.transport = transport
    self.host = host
    self.port = port ?? transport.defaultPort
    self.isSecure = isSecure
    self.pathPrefix = pathPrefix
  }

  /// Reads `grpc://HOST[:PORT]`, `grpcs://`, `http://`, `https://`; `kserve://` and `kserves://` are
  /// other names of the first two. An address of HTTP may have a path, which becomes the
  /// ``pathPrefix``; the protocol's own `/v2` at its end is taken off.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` if it is none of these.
  public init(url: String) throws(KServeError) {
    let (endpoint, path) = try Self.parse(url)
    let prefix = path.last == "v2" ? path.dropLast() : path[...]
    guard endpoint.transport == .http || prefix.isEmpty, !prefix.contains("v2") else {
      throw KServeError(
        .invalidArgument,
        "the address '\(url)' has the path '/\(path.joined(separator: "/"))'; give the model's name "
          + "apart from it"
          + (endpoint.transport == .grpc ? " (only addresses of HTTP may have a prefix)" : ""))
    }
    self = endpoint.prefixed(prefix)
  }

  /// Reads an address that names a model behind it: `kserve://HOST:PORT/MODEL[/VERSION]`, for HTTP also
  /// `http://HOST:PORT/PREFIX/MODEL[/VERSION]`, where the last part is a version if it is a number such
  /// as `3` or `v1.2`, and the protocol's own `http://HOST:PORT/PREFIX/v2/models/MODEL[/versions/V]`.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` if it does not.
  public static func withModel(
    url: String
  ) throws(KServeError) -> (endpoint: KServeEndpoint, model: String, version: String) {
    let (endpoint, path) = try parse(url)
    guard let place = ModelPlace(path, endpoint.transport),
      let model = place.model.strictlyPercentDecoded,
      let version = place.version.strictlyPercentDecoded
    else {
      let scheme = "\(endpoint)"
      let forms =
        endpoint.transport == .grpc
        ? "\(scheme)/MODEL or \(scheme)/MODEL/VERSION"
        : "\(scheme)/MODEL, or \(scheme)/PREFIX/MODEL behind a gateway"
      throw KServeError(.invalidArgument, "the address '\(url)' names no model; give \(forms)")
    }
    return (endpoint.prefixed(place.prefix), model, version)
  }

  private func prefixed(_ path: ArraySlice<String>) -> KServeEndpoint {
    var endpoint = self
    endpoint.pathPrefix = path.map { "/" + $0 }.joined()
    return endpoint
  }

  private static func parse(_ url: String) throws(KServeError) -> (KServeEndpoint, [String]) {
    let form = "the form is grpc://HOST:PORT, grpcs://, http://, https:// or kserve://"
    guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased() else {
      throw KServeError(.invalidArgument, "'\(url)' is no address of a KServe server: \(form)")
    }
    let transport: Transport
    switch scheme {
    case "grpc", "grpcs", "kserve", "kserves": transport = .grpc
    case "http", "https": transport = .http
    default:
      throw KServeError(
        .invalidArgument, "the address '\(url)' has the unknown scheme '\(scheme)': \(form)")
    }
    guard var host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil,
      parts.user == nil, host.utf8.allSatisfy(Self.isOfHost), (parts.port ?? 1) > 0,
      (parts.port ?? 1) < 65536
    else {
      throw KServeError(.invalidArgument, "'\(url)' is no address of a KServe server: \(form)")
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    let path = parts.percentEncodedPath.split(separator: "/").map(String.init)
    return (
      KServeEndpoint(transport, host: host, port: parts.port, isSecure: scheme.hasSuffix("s")), path
    )
  }

  /// Whether a name or an address can have the byte. Letters beyond ASCII are the resolver's matter.
  private static func isOfHost(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || byte >= 0x80 || "-._~!$&'()*+,;=:[]%".utf8.contains(byte)
  }

  /// Whether the server is on this machine, so that memory can be shared with it.
  public var isLocal: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}

extension KServeEndpoint {
  /// Host and port as URLs have them.
  var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

extension KServeEndpoint: CustomStringConvertible {
  public var description: String {
    "\(transport.rawValue)\(isSecure ? "s" : "")://\(authority)\(pathPrefix)"
  }
}

/// The parts of an address's path that name a model, percent-encoded.
private struct ModelPlace {
  var prefix: ArraySlice<String>
  var model: String
  var version = ""

  /// `nil` if the path names no model.
  init?(_ path: [String], _ transport: KServeEndpoint.Transport) {
    if let start = path.firstIndex(of: "v2") {
      var rest = path[start...].dropFirst()
      guard rest.popFirst() == "models", let model = rest.popFirst() else { return nil }
      if rest.first == "versions" {
        guard rest.count >= 2 else { return nil }
        version = rest[rest.startIndex + 1]
        rest = rest.dropFirst(2)
      }
      guard rest.isEmpty || Array(rest) == ["infer"] else { return nil }
      (prefix, self.model) = (path[..<start], model)
    } else {
      var rest = path[...]
      let hasVersion =
        rest.count > 1 && (transport == .grpc || rest.last.map(Self.isVersion) ?? false)
      if hasVersion, let last = rest.popLast() { version = last }
      guard let model = rest.popLast() else { return nil }
      (prefix, self.model) = (rest, model)
    }
    if transport == .grpc, !prefix.isEmpty { return nil }
  }

  /// Whether a part of a path is a version rather than a model: `3`, `v1.2`.
  private static func isVersion(_ part: String) -> Bool {
    part.wholeMatch(of: /v?[0-9]+(\.[0-9]+)*/) != nil
  }
}
