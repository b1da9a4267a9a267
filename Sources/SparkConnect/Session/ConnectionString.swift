public import AccessTokens
public import FoundationEssentials
package import ManagedSessions
import Texts

/// Where a Spark Connect server is and how to speak with it: the `sc://` form.
///
/// `sc://host:port/;name=value;...` with the parameters `token`, `use_ssl` (`true` or `false`),
/// `user_id`, `user_agent`, `session_id`, and of Needletail's own `ca_file`, `certificate_file` and
/// `key_file` (PEM), `token_env`, `token_file`, `token_command`, `google_credentials` and those of OAuth
/// (`oauth_token_url` and others) for tokens that end; all others are sent as request headers, as in
/// Spark's clients. Values are percent-encoded. The default port is 15002. A token implies TLS, except for
/// this machine.
///
/// `databricks://PROFILE?cluster=ID` and `databricks://PROFILE?serverless` take host and credentials from
/// a profile of Databricks' own tools. `dataproc://PROJECT/REGION/SESSION`,
/// `emr://serverless/APPLICATION/SESSION`, `emr://ec2/CLUSTER/SESSION` and `emr://eks/CLUSTER/ENDPOINT?role=ARN`
/// name sessions of Google's and Amazon's clouds; where these are is asked when a session is opened.
public struct ConnectionString: Sendable, Hashable {
  /// The server's name or address, IPv6 without brackets.
  public var host: String
  /// The server's port.
  public var port: Int
  /// The bearer token that each request carries.
  public var token: String?
  /// Where tokens come from that end, and are asked for again; `nil` if ``token`` is all there is.
  public var tokenSource: TokenSource?
  /// The header that carries the token as it is; `nil` for `authorization`, behind `Bearer`.
  public var tokenHeader: String?
  /// Whether the connection is encrypted.
  public var useTLS: Bool
  /// The user that the session is opened for.
  public var userID: String?
  /// What the server notes as the client, before Needletail's own name.
  public var userAgent: String?
  /// The session's UUID, `nil` for a new one.
  public var sessionID: String?
  /// A file of PEM certificates to trust instead of the system's.
  public var caFile: String?
  /// A PEM certificate chain, with its key, that identifies this client.
  public var certificateFile: String?
  /// The private key (PEM) that belongs to ``certificateFile``.
  public var keyFile: String?
  /// Further headers of every request, lower-case names.
  public var headers: [String: String]

  /// The session of a cloud, which tells host and port when it is asked.
  package var cloud: CloudSession?

  /// The port of a server that is not told another.
  public static let defaultPort = 15002

  /// Parses `text`.
  ///
  /// - Parameters:
  ///   - text: `sc://host:port/;name=value;...`, or `databricks://PROFILE?...`, `dataproc://...`,
  ///     `emr://...`
  ///   - environment: `SPARK_CONNECT_AUTHENTICATE_TOKEN` is the token if `text` names none; for
  ///     the others the variables of the clouds' own tools.
  /// - Throws: ``SparkError`` that says which part is wrong.
  public init(
    _ text: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    if text.hasPrefix("databricks://") {
      self = try ConnectionString(databricks: text, environment: environment)
    } else if text.hasPrefix("dataproc://") {
      self = try ConnectionString(dataproc: text, environment: environment)
    } else if text.hasPrefix("emr://") {
      self = try ConnectionString(emr: text, environment: environment)
    } else {
      self = try ConnectionString(spark: text, environment: environment)
    }
  }

  private init(spark text: String, environment: [String: String]) throws {
    func failure(_ reason: String) -> SparkError {
      SparkError(
        .connectionString,
        "the connection string '\(Self.redacted(text))' is wrong: \(reason); the form is "
          + "sc://host:port/;name=value;name=value")
    }
    guard text.hasPrefix("sc://") else { throw failure("it does not begin with sc://") }
    let rest = text.dropFirst(5)
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    if rest[..<slash].contains(";") {
      throw failure("there is no / before the first ;")
    }
    (host, port) = try Self.authority(rest[..<slash], failure)
    var parameters = slash == rest.endIndex ? "" : rest[rest.index(after: slash)...]
    if !parameters.isEmpty, parameters.first != ";" {
      throw failure(
        "a path ('/\(Self.redacted(String(parameters)).prefix(20))') is not allowed")
    }
    parameters = parameters.drop { $0 == ";" }
    var values: [String: String] = [:]
    for parameter in parameters.split(separator: ";") {
      guard let equals = parameter.firstIndex(of: "="), equals != parameter.startIndex else {
        throw failure("a parameter has no name and value")
      }
      let name = String(parameter[..<equals])
      guard let value = parameter[parameter.index(after: equals)...].strictlyPercentDecoded
      else { throw failure("the value of '\(name)' is not percent-encoded correctly") }
      guard values.updateValue(value, forKey: name) == nil else {
        throw failure("'\(name)' is given twice")
      }
    }
    func take(_ name: String) -> String? { values.removeValue(forKey: name) }
    let ownToken = take("token")
    tokenSource = try Self.tokenSource(take, environment, failure)
    if ownToken != nil, tokenSource != nil {
      throw failure("token and another source of tokens are given at once")
    }
    token =
      tokenSource == nil ? ownToken ?? environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] : nil
    if token?.isEmpty == true { token = nil }
    tokenHeader = take("token_header")?.lowercased()
    if let name = tokenHeader, !Self.isHeader(name, "") {
      throw failure("token_header is '\(name)', which is no name of a header")
    }
    userID = take("user_id")
    userAgent = take("user_agent")
    sessionID = take("session_id")
    caFile = take("ca_file")
    certificateFile = take("certificate_file")
    keyFile = take("key_file")
    if let id = sessionID, UUID(uuidString: id) == nil {
      throw failure("session_id is '\(id)', which is no UUID")
    }
    let isLocal = ["localhost", "127.0.0.1", "::1"].contains(host)
    let hasToken = token != nil || tokenSource != nil
    switch take("use_ssl")?.lowercased() {
    case "true": useTLS = true
    case "false": useTLS = false
    case nil: useTLS = (hasToken && !isLocal) || caFile != nil || certificateFile != nil
    case let value?: throw failure("use_ssl is '\(value)', it can be true or false")
    }
    if (certificateFile == nil) != (keyFile == nil) {
      throw failure("certificate_file and key_file come together")
    }
    headers = [:]
    for (name, value) in values {
      let header = name.lowercased()
      guard Self.isHeader(header, value) else {
        throw failure("'\(name)' is no parameter, and cannot be a request header")
      }
      guard headers.updateValue(value, forKey: header) == nil else {
        throw failure("'\(header)' is given twice")
      }
    }
  }

  /// Whether gRPC takes the pair as a text header: other bytes would end the connection.
  static func isHeader(_ name: String, _ value: String) -> Bool {
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    return isName && !name.hasPrefix("grpc-") && !name.hasSuffix("-bin")
      && value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  private static func authority(
    _ text: Substring, _ failure: (String) -> SparkError
  ) throws -> (String, Int) {
    var host = text
    var portText: Substring?
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else { throw failure("the ] after the host") }
      host = text[text.index(after: text.startIndex)..<close]
      let tail = text[text.index(after: close)...]
      if !tail.isEmpty {
        guard tail.first == ":" else { throw failure("'\(tail)' follows the host") }
        portText = tail.dropFirst()
      }
    } else if let colon = text.firstIndex(of: ":") {
      host = text[..<colon]
      portText = text[text.index(after: colon)...]
    }
    guard !host.isEmpty else { throw failure("there is no host") }
    guard let portText else { return (String(host), defaultPort) }
    guard let port = Int(portText), (1...65535).contains(port) else {
      throw failure("the port is '\(portText)', it must be a number from 1 to 65535")
    }
    return (String(host), port)
  }

  /// Parameters whose values may be shown; a header may be a password, too.
  private static let publicNames: Set<Substring> = [
    "user_id", "user_agent", "session_id", "use_ssl", "ca_file", "certificate_file", "key_file",
    "token_env", "token_file", "token_header", "google_credentials", "oauth_token_url",
    "oauth_client_id",
    "oauth_client_secret_env", "oauth_client_secret_file", "oauth_scope", "oauth_ca_file",
    "oauth_client_auth",
  ]

  /// `text` without what may be secret, for messages.
  static func redacted(_ text: String) -> String {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    return parts.map { part -> String in
      guard let equals = part.firstIndex(of: "="), !publicNames.contains(part[..<equals]) else {
        return String(part)
      }
      return "\(part[..<equals])=***"
    }.joined(separator: ";")
  }
}

extension ConnectionString: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
  /// Host, port and how they are spoken with; no token and no header's value.
  public var description: String {
    if let cloud { return "\(cloud)" }
    let name = host.contains(":") ? "[\(host)]" : host
    let names = headers.keys.sorted().map { ";\($0)=***" }.joined()
    return "sc://\(name):\(port)/;use_ssl=\(useTLS)"
      + (token == nil && tokenSource == nil ? "" : ";token=***") + names
  }

  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
