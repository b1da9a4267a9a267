import AccessTokens
import FoundationEssentials
import Texts

extension ConnectionString {
  /// The source of tokens that the parameters of a connection string name, if they name one.
  ///
  /// - Parameter take: takes a parameter out of those that are not understood yet.
  static func tokenSource(
    _ take: (String) -> String?, _ environment: [String: String],
    _ failure: (String) -> SparkError
  ) throws -> TokenSource? {
    var sources: [TokenSource] = []
    if let name = take("token_env") { sources.append(.environment(name)) }
    if let path = take("token_file") { sources.append(.file(path)) }
    if let command = take("token_command") { sources.append(.command(command)) }
    if let path = take("google_credentials") {
      sources.append(.google(path == "default" ? nil : path))
    }
    if let credentials = try clientCredentials(take, environment, failure) {
      sources.append(.clientCredentials(credentials))
    }
    guard sources.count < 2 else { throw failure("it names several sources of tokens") }
    return sources.first
  }

  /// The client of OAuth that the parameters name.
  private static func clientCredentials(
    _ take: (String) -> String?, _ environment: [String: String],
    _ failure: (String) -> SparkError
  ) throws -> ClientCredentials? {
    let (url, id, scope) = (take("oauth_token_url"), take("oauth_client_id"), take("oauth_scope"))
    let secrets = [
      try take("oauth_client_secret_env").map { name in
        guard let secret = environment[name], !secret.isEmpty else {
          throw failure("the variable '\(name)' of oauth_client_secret_env is not set")
        }
        return secret
      },
      try take("oauth_client_secret_file").map { path in
        guard let contents = FileManager.default.contents(atPath: path) else {
          throw failure("the file '\(path)' of oauth_client_secret_file cannot be read")
        }
        return String(decoding: contents, as: UTF8.self).trimmed
      }, take("oauth_client_secret"),
    ].compactMap { $0 }
    let (authorities, form) = (take("oauth_ca_file"), take("oauth_client_auth"))
    if url == nil, id == nil, secrets.isEmpty, scope == nil, authorities == nil, form == nil {
      return nil
    }
    guard let url, let id, secrets.count == 1 else {
      throw failure(
        "OAuth needs oauth_token_url, oauth_client_id and one of oauth_client_secret_env, "
          + "oauth_client_secret_file and oauth_client_secret")
    }
    guard form == nil || form == "basic" || form == "post" else {
      throw failure("oauth_client_auth is '\(form ?? "")', it can be basic or post")
    }
    return ClientCredentials(
      tokenURL: url, clientID: id, clientSecret: Secret(secrets[0]), scope: scope,
      authorities: authorities, isSecretInForm: form == "post")
  }
}
