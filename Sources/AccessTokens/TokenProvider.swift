/// Who gives tokens, asked again before one ends and when a server refuses it.
///
/// ```swift
/// struct Vault: TokenProvider {
///   var source: String { "the vault" }
///   func token() async throws -> AccessToken { AccessToken(try await read(), expiry: ...) }
/// }
/// let spark = try await SparkSession.connect(target, tokens: Vault())
/// ```
public protocol TokenProvider: Sendable {
  /// Where tokens come from, for messages: `the file /run/token`.
  var source: String { get }
  /// What a person does when the server refuses the tokens.
  var advice: String { get }
  /// A token that is good now. It is not asked for by two callers at once.
  ///
  /// - Throws: why there is none.
  func token() async throws -> AccessToken
}

extension TokenProvider {
  /// To look whether the source still gives what the server takes.
  public var advice: String { "see whether \(source) gives a token of this server" }
}
