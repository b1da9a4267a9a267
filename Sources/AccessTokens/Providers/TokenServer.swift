import FoundationEssentials
import Web

/// A server that gives tokens for a form, as OAuth 2.0 (RFC 6749) has it.
struct TokenServer: Sendable {
  let address: WebAddress
  /// The parameter or file that names it, for messages.
  let setting: String
  let settings: WebSettings
  /// What must be in no message.
  let secrets: [Secret]
  /// What to do when it refuses.
  let advice: String
  /// Waits so many seconds.
  var pause: @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) }

  /// How often something is tried that may go better.
  private static let tries = 3
  /// The longest that it may ask to wait, in seconds.
  private static let longestPause = 10.0

  /// - Parameters:
  ///   - setting: the parameter or file that names the server, for messages.
  ///   - authorities: the file of the authorities that are trusted; `nil` for the variables' or the system's.
  /// - Throws: ``TokenError`` if secrets would travel in the clear, or a variable is wrong.
  init(
    _ text: String, setting: String, environment: [String: String], authorities: String?,
    secrets: [Secret], advice: String
  ) throws(TokenError) {
    guard let address = WebAddress(text) else {
      throw TokenError(
        .settings,
        "\(setting) is '\(text)', which is no address; expected one such as "
          + "https://login.example.com/oauth2/token")
    }
    guard address.isSecure || ["localhost", "127.0.0.1", "::1"].contains(address.host) else {
      throw TokenError(
        .settings,
        "\(setting) is '\(address)': the secret would travel readable; write https://, or http:// for "
          + "this machine only")
    }
    self.address = address
    self.setting = setting
    self.secrets = secrets
    self.advice = advice
    do throws(WebSettingsError) {
      var settings = try WebSettings(environment: environment)
      if let authorities { settings.authorities = authorities }
      self.settings = settings
    } catch {
      throw TokenError(.settings, error.message, cause: error)
    }
  }

  /// The token that the server gives for a form.
  ///
  /// - Throws: ``TokenError``.
  func token(
    for form: [(String, String)], headers: [(String, String)] = []
  ) async throws -> AccessToken {
    let body = form.map { "\($0.formEncoded)=\($1.formEncoded)" }.joined(separator: "&")
    let all =
      headers + [
        ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
        ("User-Agent", "needletail/0.1.0"),
      ]
    var failures = 0
    while true {
      failures += 1
      let trouble: (reason: String, wait: Double?, cause: (any Error)?)
      do {
        let answer = try await WebClient(settings: settings).post(
          address, headers: all, body: [UInt8](body.utf8))
        guard let passing = try reading(answer) else { return try token(in: answer) }
        trouble = (passing.reason, passing.wait, nil)
      } catch let failure as WebFailure {
        guard failure.mayPass else { throw unavailable("\(failure)", cause: failure) }
        trouble = ("\(failure)", nil, failure)
      } catch let wrong as WebSettingsError {
        throw TokenError(.settings, wrong.message, cause: wrong)
      }
      let wait = trouble.wait ?? 0.3 * Double(failures)
      guard failures < Self.tries, wait <= Self.longestPause else {
        throw unavailable(trouble.reason, cause: trouble.cause)
      }
      try await pause(wait)
    }
  }

  /// What may pass; `nil` if the answer has a token.
  ///
  /// - Throws: ``TokenError`` if another attempt would not help.
  private func reading(
    _ answer: WebAnswer
  ) throws(TokenError) -> (reason: String, wait: Double?)? {
    switch answer.status {
    case 200..<300: return nil
    case 429, 500, 502, 503, 504:
      return (
        "it answers with the status \(answer.status)",
        answer.header("retry-after").flatMap(Double.init)
      )
    case 300..<400:
      throw TokenError(
        .settings,
        "the token server \(address) sends on (status \(answer.status)), which a request with secrets "
          + "does not follow; correct \(setting)")
    default: throw refusal(answer)
    }
  }

  private func token(in answer: WebAnswer) throws(TokenError) -> AccessToken {
    guard let found = TokenAnswer(answer.body) else {
      throw TokenError(
        .refused,
        "the token server \(address) answers something else than JSON; expected the address of the "
          + "server's tokens, not of its page: correct \(setting)")
    }
    guard let text = found.token else { throw refusal(answer) }
    if let kind = found.kind, kind.lowercased() != "bearer" {
      throw TokenError(
        .refused,
        "the token server \(address) gives a token of the kind '\(kind)'; expected one of the kind Bearer"
      )
    }
    return AccessToken(
      try checked(text, of: "what \(address) gives"), expiry: found.expiry(now: Date()))
  }

  /// A "no" in the server's words.
  private func refusal(_ answer: WebAnswer) -> TokenError {
    var said = TokenAnswer(answer.body)?.refusal ?? "no reason is told"
    for secret in secrets { said = secret.hidden(in: said) }
    return TokenError(
      .refused,
      "the token server \(address) gives no token (status \(answer.status), \(said.prefix(300))); \(advice)"
    )
  }

  private func unavailable(_ reason: String, cause: (any Error)?) -> TokenError {
    let isAboutTrust = reason.uppercased().contains("CERTIFICATE_VERIFY_FAILED")
    let advice =
      isAboutTrust
      ? "its certificate is of nobody whom this machine trusts: name the file of your network's "
        + "authorities in SSL_CERT_FILE, or as oauth_ca_file in the connection string"
      : "check \(setting), the network and HTTPS_PROXY, or try again later"
    return TokenError(
      .unavailable, "the token server \(address) cannot be asked: \(reason); \(advice)",
      cause: cause)
  }
}

extension String {
  /// As forms write it: all but letters, digits and four marks as bytes.
  var formEncoded: String { asPathPart }
}
