import FoundationEssentials

/// A client that a server of tokens knows: a service principal, an application.
public struct ClientCredentials: Sendable, Hashable {
  /// Where tokens are given.
  public var tokenURL: String
  /// The client's name.
  public var clientID: String
  /// What proves it.
  public var clientSecret: Secret
  /// What the token is for; `nil` if the server does not ask.
  public var scope: String?
  /// The file of the authorities that are trusted; `nil` for the variables' or the system's.
  public var authorities: String?
  /// Whether the secret stands in the form, for servers that do not take it in the header.
  public var isSecretInForm: Bool

  public init(
    tokenURL: String, clientID: String, clientSecret: Secret, scope: String? = nil,
    authorities: String? = nil, isSecretInForm: Bool = false
  ) {
    self.tokenURL = tokenURL
    self.clientID = clientID
    self.clientSecret = clientSecret
    self.scope = scope
    self.authorities = authorities
    self.isSecretInForm = isSecretInForm
  }
}

/// Asks for tokens as a client (OAuth 2.0, RFC 6749, 4.4).
struct ClientCredentialsProvider: TokenProvider {
  private let credentials: ClientCredentials
  private let environment: [String: String]

  init(_ credentials: ClientCredentials, environment: [String: String]) {
    self.credentials = credentials
    self.environment = environment
  }

  var source: String { "the token server \(credentials.tokenURL.prefix { $0 != "?" })" }
  var advice: String {
    "see whether the client '\(credentials.clientID)' still has its rights, and whether the scope"
      + (credentials.scope.map { " '\($0)'" } ?? "") + " is the one for this server"
  }

  func token() async throws -> AccessToken {
    let server = try TokenServer(
      credentials.tokenURL, setting: "the address of the token server", environment: environment,
      authorities: credentials.authorities, secrets: [credentials.clientSecret],
      advice:
        "check the client '\(credentials.clientID)', whether its secret is good still, and the scope"
    )
    var form = [("grant_type", "client_credentials")]
    if let scope = credentials.scope { form.append(("scope", scope)) }
    if credentials.isSecretInForm {
      form += [
        ("client_id", credentials.clientID), ("client_secret", credentials.clientSecret.value),
      ]
      return try await server.token(for: form)
    }
    let pair = credentials.clientID.formEncoded + ":" + credentials.clientSecret.value.formEncoded
    let header = ("Authorization", "Basic " + Data(pair.utf8).base64EncodedString())
    return try await server.token(for: form, headers: [header])
  }
}
