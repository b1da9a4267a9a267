import CryptoExtras
import FoundationEssentials
import JSONText

/// Google's application default credentials: a service account's key, or what `gcloud auth
/// application-default login` wrote for a user.
struct GoogleCredentials: TokenProvider {
  private enum Kind: Sendable {
    case account(email: String, keyID: String?, key: Secret)
    case user(clientID: String, clientSecret: Secret, refreshToken: Secret)
  }

  private let path: String
  private let kind: Kind
  private let tokenURL: String
  private let environment: [String: String]

  private static let scope = "https://www.googleapis.com/auth/cloud-platform"
  private static let defaultTokenURL = "https://oauth2.googleapis.com/token"

  /// - Parameter path: the file; `nil` for the one that `GOOGLE_APPLICATION_CREDENTIALS` names, or
  ///   gcloud's own.
  /// - Throws: ``TokenError`` if it cannot be read, or is of another kind.
  init(path named: String?, environment: [String: String]) throws(TokenError) {
    let home = environment["HOME"] ?? FileManager.default.homeDirectoryForCurrentUser.path
    let folder = environment["CLOUDSDK_CONFIG"] ?? "\(home)/.config/gcloud"
    let path =
      named ?? environment["GOOGLE_APPLICATION_CREDENTIALS"].flatMap { $0.isEmpty ? nil : $0 }
      ?? "\(folder)/application_default_credentials.json"
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw TokenError(
        .settings,
        "Google's credentials \(path) cannot be read; name a service account's key in "
          + "GOOGLE_APPLICATION_CREDENTIALS or as google_credentials=, or run gcloud auth "
          + "application-default login")
    }
    let json = try? JSONValue(parsing: [UInt8](contents), rules: .strict)
    func text(_ name: String) throws(TokenError) -> String {
      guard let value = json?[name]?.string, !value.isEmpty else {
        throw TokenError(
          .settings,
          "Google's credentials \(path) have no '\(name)'; expected the JSON file of a service "
            + "account's key, or what gcloud auth application-default login writes")
      }
      return value
    }
    switch try text("type") {
    case "service_account":
      kind = .account(
        email: try text("client_email"), keyID: json?["private_key_id"]?.string,
        key: Secret(try text("private_key")))
    case "authorized_user":
      kind = .user(
        clientID: try text("client_id"), clientSecret: Secret(try text("client_secret")),
        refreshToken: Secret(try text("refresh_token")))
    case let other:
      throw TokenError(
        .settings,
        "Google's credentials \(path) are of the kind '\(other)'; expected service_account or "
          + "authorized_user. For others write token_command=gcloud auth application-default "
          + "print-access-token")
    }
    self.path = path
    tokenURL = json?["token_uri"]?.string ?? Self.defaultTokenURL
    self.environment = environment
  }

  var source: String { "Google's credentials \(path)" }
  var advice: String {
    switch kind {
    case .account(let email, _, _): "see whether the service account \(email) may use this server"
    case .user: "run gcloud auth application-default login, and see whether you may use this server"
    }
  }

  func token() async throws -> AccessToken {
    switch kind {
    case .account(let email, let keyID, let key):
      let server = try server(
        [key], "check that the key of \(email) was not deleted, and this machine's clock")
      let assertion = try Self.assertion(
        email: email, keyID: keyID, key: key, audience: tokenURL, now: Date(), path: path)
      return try await server.token(for: [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion),
      ])
    case .user(let id, let secret, let refreshToken):
      let server = try server(
        [secret, refreshToken], "run gcloud auth application-default login again")
      return try await server.token(for: [
        ("grant_type", "refresh_token"), ("client_id", id), ("client_secret", secret.value),
        ("refresh_token", refreshToken.value),
      ])
    }
  }

  private func server(_ secrets: [Secret], _ advice: String) throws(TokenError) -> TokenServer {
    try TokenServer(
      tokenURL, setting: "token_uri in \(path)", environment: environment, authorities: nil,
      secrets: secrets, advice: advice)
  }

  /// A web token, signed by the account's key (RS256), that asks for an access token (RFC 7523).
  static func assertion(
    email: String, keyID: String?, key: Secret, audience: String, now: Date, path: String
  ) throws(TokenError) -> String {
    let start = Int64(now.timeIntervalSince1970)
    let head = JSONValue.object(
      [("alg", .string("RS256")), ("typ", .string("JWT"))]
        + (keyID.map { [("kid", .string($0))] } ?? [])
    )
    let claims = JSONValue.object([
      ("iss", .string(email)), ("scope", .string(scope)), ("aud", .string(audience)),
      ("iat", .integer(start)), ("exp", .integer(start + 3600)),
    ])
    let signed = Data(head.encoded()).base64URL + "." + Data(claims.encoded()).base64URL
    do {
      let key = try _RSA.Signing.PrivateKey(pemRepresentation: key.value)
      let signature = try key.signature(for: Data(signed.utf8), padding: .insecurePKCS1v1_5)
      return signed + "." + signature.rawRepresentation.base64URL
    } catch {
      throw TokenError(
        .settings,
        "the private key in Google's credentials \(path) cannot be used; expected one of RSA in PEM: "
          + "make a new key of the service account", cause: nil)
    }
  }
}
