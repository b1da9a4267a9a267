package import AccessTokens
import Synchronization
package import Web

/// The tokens of a session of EMR, which live for an hour: AWS is asked for each.
package final class EMRTokens: TokenProvider {
  private let session: EMRSession
  private let settings: WebSettings
  private let environment: [String: String]
  /// The one that came with the endpoint.
  private let first = Mutex<AccessToken?>(nil)

  package init(_ session: EMRSession, settings: WebSettings, environment: [String: String]) {
    self.session = session
    self.settings = settings
    self.environment = environment
  }

  package var source: String { "AWS, for \(session.name)" }
  package var advice: String { "see whether the session still runs, and whether you may use it" }

  /// Where the session's server is.
  ///
  /// - Throws: ``CloudError``, `CancellationError`.
  package func endpoint() async throws -> CloudEndpoint {
    let (endpoint, token) = try await session.endpoint(settings, environment: environment)
    first.withLock { $0 = token }
    return endpoint
  }

  package func token() async throws -> AccessToken {
    let known = first.withLock { first -> AccessToken? in
      defer { first = nil }
      return first
    }
    if let known { return known }
    do {
      return try await session.endpoint(settings, environment: environment).1
    } catch let error as CloudError {
      let code: TokenError.Code =
        switch error.kind {
        case .settings: .settings
        case .unavailable: .unavailable
        case .refused, .session: .refused
        }
      throw TokenError(code, error.message, cause: error)
    }
  }
}
