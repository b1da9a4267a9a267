import AccessTokens
import FoundationEssentials
import ManagedSessions
import Web

/// The way to a server: its address, and what a cloud's session needs beside it.
struct CloudRoute {
  var target: ConnectionString
  /// Who gives the tokens of calls, if it is not the target.
  var tokens: (any TokenProvider)?
  /// How a server that is reached by web sockets only is connected.
  var bridge: WebSocketBridge.Plan?

  /// Asks the cloud, if the target is a session in one.
  ///
  /// - Parameter tokens: a program's own source of tokens.
  /// - Throws: ``SparkError``, `CancellationError`.
  init(
    to target: ConnectionString, tokens: (any TokenProvider)?,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws {
    self.target = target
    guard let cloud = target.cloud else {
      self.tokens = tokens
      return
    }
    do {
      var settings = try WebSettings(environment: environment)
      if let file = target.caFile { settings.authorities = file }
      switch cloud {
      case .dataproc(let session):
        let cache = TokenCache(
          try tokens ?? session.credentials.provider(environment: environment))
        take(try await session.endpoint(settings, cache))
        guard
          let place = WebAddress("https://\(self.target.authority)\(DataprocSession.bridgePath)")
        else { break }
        bridge = WebSocketBridge.Plan(address: place, settings: settings, tokens: cache)
      case .emr(let session):
        let own = EMRTokens(session, settings: settings, environment: environment)
        take(try await own.endpoint())
        self.tokens = tokens ?? own
      }
    } catch let error as CloudError {
      let kind: SparkError.Kind =
        switch error.kind {
        case .settings: .connectionString
        case .refused: .unauthenticated
        case .unavailable: .unavailable
        case .session: .session
        }
      throw SparkError(kind, error.message, cause: error)
    } catch let error as TokenError {
      throw SparkError(.connectionString, error.message, cause: error)
    } catch let error as WebSettingsError {
      throw SparkError(.connectionString, error.message, cause: error)
    }
  }

  private mutating func take(_ endpoint: CloudEndpoint) {
    target.host = endpoint.host
    target.port = endpoint.port
    target.sessionID = target.sessionID ?? endpoint.sessionID
    target.headers.merge(endpoint.headers) { own, _ in own }
  }
}

extension ConnectionString {
  /// The address of the server itself: a cloud is asked for that of its session.
  ///
  /// - Throws: ``SparkError``, `CancellationError`.
  package func resolved() async throws -> ConnectionString {
    try await CloudRoute(to: self, tokens: nil).target
  }

  /// Whether bytes travel to the server in a web socket.
  package var isBridged: Bool { if case .dataproc? = cloud { true } else { false } }

  /// The session of a cloud, for messages; `nil` if it is none.
  package var cloudSession: String? { cloud?.description }

  fileprivate var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
