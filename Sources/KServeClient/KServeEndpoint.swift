import Foundation

/// Where a KServe v2 server answers, and with which of the protocol's transports.
public struct KServeEndpoint: Sendable, Hashable, Codable {
  /// How requests travel.
  public enum Transport: String, Sendable, Hashable, Codable {
    /// gRPC on HTTP/2; Triton's port 8001.
    case grpc
    /// HTTP/1.1 with the binary tensor extension; Triton's port 8000.
    case http

    /// The port if a URL names none.
    public var defaultPort: Int { self == .grpc ? 8001 : 8000 }
  }

  public var transport: Transport
  public var host: String
  public var port: Int
  /// Whether the connection is encrypted (TLS).
  public var isSecure: Bool

  public init(_ transport: Transport, host: String, port: Int? = nil, isSecure: Bool = false) {
    self.transport = transport
    self.host = host
    self.port = port ?? transport.defaultPort
    self.isSecure = isSecure
  }

  /// Reads `grpc://HOST[:PORT]`, `grpcs://`, `http://`, `https://`; `kserve://` and `kserves://` are
  /// other names of the first two.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` if it is none of these.
  public init(url: String) throws(KServeError) {
    let (endpoint, rest) = try Self.parse(url)
    guard rest.isEmpty else {
      throw KServeError(
        .invalidArgument,
        "the address '\(url)' has the path '/\(rest.joined(separator: "/"))'; give the model's name "
          + "apart from it")
    }
    self = endpoint
  }

  /// Reads an address that may name a model behind it: `kserve://HOST:PORT/MODEL[/VERSION]`.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` if it does not.
  public static func withModel(
    url: String
  ) throws(KServeError) -> (endpoint: KServeEndpoint, model: String, version: String) {
    let (endpoint, path) = try parse(url)
    guard let model = path.first, path.count <= 2 else {
      throw KServeError(
        .invalidArgument,
        "the address '\(url)' names no model; give kserve://HOST:PORT/MODEL or "
          + "kserve://HOST:PORT/MODEL/VERSION")
    }
    return (endpoint, model, path.count == 2 ? path[1] : "")
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
      parts.user == nil, (parts.port ?? 1) > 0, (parts.port ?? 1) < 65536
    else {
      throw KServeError(.invalidArgument, "'\(url)' is no address of a KServe server: \(form)")
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    let path = parts.path.split(separator: "/").map(String.init)
    return (
      KServeEndpoint(transport, host: host, port: parts.port, isSecure: scheme.hasSuffix("s")), path
    )
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
    "\(transport.rawValue)\(isSecure ? "s" : "")://\(authority)"
  }
}
