import FoundationEssentials
import Texts

/// Where tokens come from, as a connection string or a profile says it.
public enum TokenSource: Sendable, Hashable {
  /// A token that was given as it is.
  case fixed(Secret)
  /// A variable of the environment.
  case environment(String)
  /// A file, read again when ten seconds have passed: whoever keeps it new need not tell.
  case file(String)
  /// A command of the shell that prints a token, or JSON with one.
  case command(String)
  /// A server of tokens that knows this client.
  case clientCredentials(ClientCredentials)
  /// A service account's key, or a user's credentials, of Google; `nil` for the default ones.
  case google(String?)

  /// Who gives the tokens.
  ///
  /// - Throws: ``TokenError`` if a file of credentials cannot be used.
  package func provider(environment: [String: String]) throws -> any TokenProvider {
    switch self {
    case .fixed(let token): FixedToken(token)
    case .environment(let name): EnvironmentToken(name: name, environment: environment)
    case .file(let path): FileToken(path: path)
    case .command(let command): CommandToken(command: command, environment: environment)
    case .clientCredentials(let credentials):
      ClientCredentialsProvider(credentials, environment: environment)
    case .google(let path): try GoogleCredentials(path: path, environment: environment)
    }
  }
}

/// What can stand in a header: anything else would end its line, or be refused with less plain words.
///
/// - Throws: ``TokenError`` if it is no single word, or empty.
func checked(_ text: String, of source: String) throws(TokenError) -> String {
  let trimmed = text.trimmed
  guard !trimmed.isEmpty else {
    throw TokenError(.settings, "\(source) is empty; expected a token")
  }
  guard trimmed.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
    throw TokenError(
      .settings,
      "\(source) has more than a token in it, such as blanks or several lines; expected one word")
  }
  return trimmed
}

/// A token that was given as it is.
struct FixedToken: TokenProvider {
  private let secret: Secret

  init(_ secret: Secret) { self.secret = secret }

  var source: String { "the connection string" }
  var advice: String {
    "give a token that is good still, as token=... in the connection string or in "
      + "SPARK_CONNECT_AUTHENTICATE_TOKEN; for tokens that end, name what gives new ones "
      + "(token_command=, token_file=, oauth_token_url=)"
  }

  func token() async throws -> AccessToken {
    AccessToken(try checked(secret.value, of: "the token"))
  }
}

/// A variable of the environment, which does not change while the program runs.
struct EnvironmentToken: TokenProvider {
  let name: String
  let environment: [String: String]

  var source: String { "the variable \(name)" }
  var advice: String { "export \(name) with a token that is good still, and run the program again" }

  func token() async throws -> AccessToken {
    guard let text = environment[name] else {
      throw TokenError(
        .settings, "the variable \(name), which token_env names, is not set; export it with a token"
      )
    }
    return AccessToken(try checked(text, of: source))
  }
}

/// A file that somebody else keeps new, such as one that Kubernetes mounts.
struct FileToken: TokenProvider {
  let path: String

  /// Seconds after which the file is read again.
  private static let freshness = 10.0

  var source: String { "the file \(path)" }
  var advice: String { "write a token that is good still into \(path)" }

  func token() async throws -> AccessToken {
    let contents: Data
    do {
      contents = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw TokenError(
        .settings,
        "the token's file \(path) cannot be read: \(error.reason); check token_file and "
          + "the file's rights", cause: error)
    }
    let text = try checked(String(decoding: contents, as: UTF8.self), of: source)
    return AccessToken(text, renewal: Date(timeIntervalSinceNow: Self.freshness))
  }
}
