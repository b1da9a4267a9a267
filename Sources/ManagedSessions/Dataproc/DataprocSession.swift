package import AccessTokens
import FoundationEssentials
import JSONText
import Texts
package import Web

/// A session of Google's Serverless for Apache Spark (Dataproc), and how it is found.
package struct DataprocSession: Sendable, Hashable {
  package var project: String
  package var region: String
  package var name: String
  /// The host, and the port if it is another than that of TLS, of Dataproc's interface.
  package var api: String
  package var credentials: TokenSource
  /// The version of the runtime with which a session is made that does not exist; `nil` to make none.
  package var creation: String?

  package init(
    project: String, region: String, name: String, api: String, credentials: TokenSource,
    creation: String?
  ) {
    self.project = project
    self.region = region
    self.name = name
    self.api = api
    self.credentials = credentials
    self.creation = creation
  }

  /// The path at which a session's server takes web sockets; it is the same for all, so that no page of the
  /// server is meant by chance.
  package static let bridgePath =
    "/tcp-over-websocket-bridge/35218cb7-1201-4940-89e8-48d8f03fed96"

  /// Seconds between two looks at a session that starts, and those that it may take.
  private static let interval = 5.0
  private static let longestStart = 300.0

  private var place: String { "projects/\(project)/locations/\(region)" }

  /// Asks for the session until it has an endpoint, or it is clear that it will not have one.
  ///
  /// - Parameter pause: waits so many seconds.
  /// - Throws: ``CloudError``, `CancellationError`.
  package func endpoint(
    _ settings: WebSettings, _ tokens: TokenCache,
    pause: @escaping @Sendable (Double) async throws -> Void = {
      try await Task.sleep(for: .seconds($0))
    }
  ) async throws -> CloudEndpoint {
    var waited = 0.0
    var isMade = false
    func wait() async throws {
      guard waited < Self.longestStart else {
        throw CloudError(
          .session,
          "the session \(name) of Dataproc has no Spark Connect after \(Int(waited)) s; see in the "
            + "console of Google Cloud why it does not start")
      }
      try await pause(Self.interval)
      waited += Self.interval
    }
    while true {
      guard let session = try await description(settings, tokens, pause) else {
        guard let creation else { throw missing }
        if !isMade {
          try await create(creation, settings, tokens, pause)
          isMade = true
          continue
        }
        // It may take a moment until one that was made is told.
        try await wait()
        continue
      }
      if let endpoint = try endpoint(of: session) { return endpoint }
      try await wait()
    }
  }

  private var missing: CloudError {
    CloudError(
      .session,
      "there is no session \(name) in \(place) of Dataproc; correct dataproc://PROJECT/REGION/SESSION, "
        + "or let it be made: dataproc://\(project)/\(region)/\(name)?create")
  }

  /// Where the session's server is; `nil` while it starts.
  private func endpoint(of session: JSONValue) throws(CloudError) -> CloudEndpoint? {
    let state = session["state"]?.string ?? "STATE_UNSPECIFIED"
    guard ["CREATING", "ACTIVE", "STATE_UNSPECIFIED"].contains(state) else {
      let why = session["stateMessage"]?.string.map { ": \($0.prefix(400))" } ?? ""
      throw CloudError(
        .session,
        "the session \(name) of Dataproc is \(state)\(why); name another one, or one that does not "
          + "exist with ?create")
    }
    if let version = session["runtimeConfig"]?["version"]?.string,
      let major = Int(version.prefix { $0.isNumber }), major < 3
    {
      throw CloudError(
        .session,
        "the session \(name) of Dataproc has the runtime \(version), which is Spark 3; make one with "
          + "the runtime 3.0 or later")
    }
    guard let text = session["runtimeInfo"]?["endpoints"]?["Spark Connect Server"]?.string else {
      if state == "ACTIVE", session["sparkConnectSession"] == nil, session["jupyterSession"] != nil
      {
        throw CloudError(
          .session,
          "the session \(name) of Dataproc is one of Jupyter, without Spark Connect; name one that was "
            + "made for Spark Connect")
      }
      return nil
    }
    // It is written sc://HOST:PORT.
    let plain = text.hasPrefix("sc://") ? "https://" + text.dropFirst(5) : text
    guard let address = WebAddress(plain) else {
      throw CloudError(
        .session,
        "the session \(name) of Dataproc tells the endpoint '\(text)', which is no address")
    }
    return CloudEndpoint(
      host: address.host, port: address.port, sessionID: session["uuid"]?.string)
  }

  // MARK: Requests

  /// What Dataproc says of the session; `nil` if there is none.
  private func description(
    _ settings: WebSettings, _ tokens: TokenCache,
    _ pause: @escaping @Sendable (Double) async throws -> Void
  ) async throws -> JSONValue? {
    do {
      return try await ask("sessions/\(name.asPathPart)", settings, tokens, pause) {
        try await $0.fetch($1, headers: $2)
      }
    } catch is NoSession {
      return nil
    }
  }

  private func create(
    _ version: String, _ settings: WebSettings, _ tokens: TokenCache,
    _ pause: @escaping @Sendable (Double) async throws -> Void
  ) async throws {
    let wish: JSONValue = [
      "sparkConnectSession": .object([]),
      "runtimeConfig": .object([("version", .string(version))]),
    ]
    do {
      _ = try await ask("sessions?sessionId=\(name.asPathPart)", settings, tokens, pause) {
        try await $0.post(
          $1, headers: $2 + [("Content-Type", "application/json")], body: wish.encoded())
      }
    } catch is SessionExists {
      // Another program, or a request of this one whose answer was lost, has made it.
    } catch is NoSession {
      throw CloudError(
        .settings, "there is no \(place) in Dataproc; correct project and region in the address")
    }
  }

  private struct NoSession: Error {}
  private struct SessionExists: Error {}

  /// Asks with a token; once more with another one if that is refused.
  private func ask(
    _ what: String, _ settings: WebSettings, _ tokens: TokenCache,
    _ pause: @escaping @Sendable (Double) async throws -> Void,
    _ send: @escaping (WebClient, WebAddress, [(String, String)]) async throws -> WebAnswer
  ) async throws -> JSONValue {
    let path = "/v1/projects/\(project.asPathPart)/locations/\(region.asPathPart)/\(what)"
    guard let address = WebAddress("https://\(api)\(path)") else {
      throw CloudError(
        .settings, "'\(api)' is no host of Dataproc; correct GOOGLE_CLOUD_DATAPROC_API_ENDPOINT")
    }
    let provider = tokens.provider
    let api = CloudAPI(
      name: "Dataproc", settings: settings,
      refusal: { Self.refusal($0, $1, $2, provider) }, pause: pause)
    var token = try await Self.told { try await tokens.token() }
    return try await api.answer(of: address) { client in
      var answer = try await send(client, address, Self.headers(token))
      if answer.status == 401,
        let other = try await Self.told({ try await tokens.token(insteadOf: token) })
      {
        token = other
        answer = try await send(client, address, Self.headers(token))
      }
      if answer.status == 404 { throw NoSession() }
      if answer.status == 409 { throw SessionExists() }
      return answer
    }
  }

  private static func headers(_ token: AccessToken) -> [(String, String)] {
    [
      ("Authorization", "Bearer \(token.value)"), ("Accept", "application/json"),
      ("User-Agent", "needletail/0.1.0"),
    ]
  }

  private static func told<Value>(_ ask: () async throws -> Value) async throws -> Value {
    do {
      return try await ask()
    } catch let error as TokenError {
      throw CloudError(
        error.code == .settings ? .settings : .refused,
        "there is no token for Dataproc: \(error.message)", cause: error)
    }
  }

  private static func refusal(
    _ status: Int, _ code: String, _ words: String, _ tokens: any TokenProvider
  ) -> CloudError {
    let said = "(HTTP \(status)" + (words.isEmpty ? "" : ": \(words)") + ")"
    switch status {
    case 401:
      return CloudError(
        .refused,
        "Dataproc does not accept the token \(said); it is from \(tokens.source): \(tokens.advice)")
    case 403:
      return CloudError(
        .refused,
        "Dataproc does not allow it \(said); the account whose token is from \(tokens.source) needs "
          + "dataproc.sessions.get, and dataproc.sessions.create to make one (the role Dataproc "
          + "Serverless Editor), and the interface of Dataproc must be on in the project")
    default:
      return CloudError(.settings, "Dataproc refuses the request \(said); correct the address")
    }
  }
}
