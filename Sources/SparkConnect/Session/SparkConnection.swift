import AccessTokens
import FoundationEssentials
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import ManagedSessions
import SparkConnectProtocol
import SwiftProtobuf

/// One long-lived connection to a Spark Connect server, with the retries and the translation of
/// errors that all requests share.
final class SparkConnection: Sendable {
  typealias Service = Spark_Connect_SparkConnectService.Client<HTTP2ClientTransport.Posix>

  let target: ConnectionString
  let service: Service
  /// The tokens of calls; `nil` if they carry none.
  let tokens: TokenCache?
  /// The way to a server that is reached by web sockets only.
  let bridge: WebSocketBridge?
  let userContext: Spark_Connect_UserContext
  let userAgent: String
  let retries: RetryPolicy
  /// The server's side of the session; each session has a connection of its own.
  let serverSession: ServerSession
  private let headers: Metadata
  private let client: GRPCClient<HTTP2ClientTransport.Posix>
  private let connections: Task<Void, any Error>

  /// The greatest size of a message in bytes; that of Spark's Python client.
  static let maximumMessage = 128 << 20

  /// A request while the connection pauses fails at once: when the network is back, the pause must end
  /// before the requests' repetitions do.
  private static let longestBackoff = Duration.seconds(5)

  /// Finds out that a server hangs whose host still answers. More frequent pings than one in five
  /// minutes are an offence to a Java server, which then closes the connection.
  private static let keepalive = HTTP2ClientTransport.Config.Keepalive(
    time: .seconds(330), timeout: .seconds(20), allowWithoutCalls: false)

  /// - Parameters:
  ///   - tokens: who gives the tokens, if it is not the target.
  ///   - cache: the tokens of another connection to the server, which this one shares.
  ///   - bridge: the way to a server that is reached by web sockets only; it ends with the connection.
  init(
    _ target: ConnectionString, retries: RetryPolicy, tokens: (any TokenProvider)? = nil,
    sharing cache: TokenCache? = nil, bridge: WebSocketBridge? = nil
  ) throws {
    self.target = target
    self.retries = retries
    serverSession = ServerSession(name: target.sessionID)
    self.tokens = try cache ?? Self.tokens(target, tokens)
    self.bridge = bridge
    // In the bridge there is HTTP/2 without TLS: the web socket around it has that.
    let security = try bridge == nil ? Self.security(target) : .plaintext
    let place: any ResolvableTarget
    if let bridge {
      place = .unixDomainSocket(path: bridge.path, authority: "localhost")
    } else {
      place = .dns(host: target.host, port: target.port)
    }
    let transport: HTTP2ClientTransport.Posix
    do {
      transport = try HTTP2ClientTransport.Posix(
        target: place, transportSecurity: security,
        config: .defaults { config in
          config.http2.targetWindowSize = 16 << 20
          config.http2.maxFrameSize = 1 << 20
          config.connection.keepalive = Self.keepalive
          config.backoff.max = Self.longestBackoff
          config.channelDebuggingCallbacks.onCreateTCPConnection = SilentServer.watch
        })
    } catch {
      let files = [target.caFile, target.certificateFile, target.keyFile].compactMap { $0 }
      throw SparkError(
        .connectionString,
        "TLS cannot be set up with \(files.joined(separator: ", ")): \(error); the files must be "
          + "PEM: certificates in ca_file and certificate_file, a private key in key_file",
        cause: error)
    }
    client = GRPCClient(transport: transport)
    service = Service(wrapping: client)
    var headers: Metadata = [:]
    for (name, value) in target.headers { headers.addString(value, forKey: name) }
    self.headers = headers
    let user = target.userID ?? ProcessInfo.processInfo.userName
    userContext = .with {
      $0.userID = user
      $0.userName = user
    }
    userAgent = [target.userAgent, "needletail swift linux"].compactMap { $0 }
      .joined(separator: " ")
    let client = client
    connections = Task { try await client.runConnections() }
  }

  private static func security(
    _ target: ConnectionString
  ) throws -> HTTP2ClientTransport.Posix.TransportSecurity {
    guard target.useTLS else { return .plaintext }
    for file in [target.caFile, target.certificateFile, target.keyFile].compactMap({ $0 })
    where !FileManager.default.isReadableFile(atPath: file) {
      throw SparkError(
        .connectionString, "the certificate or key file \(file) cannot be read; check the path")
    }
    return .tls { tls in
      if let file = target.caFile {
        tls.trustRoots = .certificates([.file(path: file, format: .pem)])
      }
      if let certificate = target.certificateFile, let key = target.keyFile {
        tls.certificateChain = [.file(path: certificate, format: .pem)]
        tls.privateKey = .file(path: key, format: .pem)
      }
    }
  }

  var options: CallOptions {
    var options = CallOptions.defaults
    options.maxRequestMessageBytes = Self.maximumMessage
    options.maxResponseMessageBytes = Self.maximumMessage
    options.waitForReady = false
    return options
  }

  /// The same for what is not waited for longer.
  func callOptions(within timeout: Duration) -> CallOptions {
    var options = options
    options.timeout = timeout
    return options
  }

  /// Ends the connection.
  func close() {
    client.beginGracefulShutdown()
    connections.cancel()
    bridge?.close()
  }

  /// A request of the session `id`.
  func request<Request: SessionRequest>(
    _ id: String, _ fill: (inout Request) -> Void = { _ in }
  ) -> Request {
    var request = Request()
    name(&request, id)
    fill(&request)
    return request
  }

  /// A request of the session `id` that the server refuses if it does not know the session any more.
  func request<Request: ObservingSessionRequest>(
    _ id: String, _ fill: (inout Request) -> Void = { _ in }
  ) -> Request {
    var request = Request()
    name(&request, id)
    if let observed = serverSession.id { request.clientObservedServerSideSessionID = observed }
    fill(&request)
    return request
  }

  private func name(_ request: inout some SessionRequest, _ id: String) {
    request.sessionID = id
    request.userContext = userContext
    request.clientType = userAgent
  }

  /// Takes note of the session that has answered.
  ///
  /// - Throws: ``SparkError`` if it is not the one that answered before.
  func check(_ response: some SessionResponse) throws {
    try serverSession.observe(response.serverSideSessionID, of: target)
  }

  /// What the server answers to a request of the session, which `send` sends.
  ///
  /// - Throws: as ``retrying(_:session:_:)``.
  func answer<Request: ObservingSessionRequest, Response: SessionResponse>(
    _ fill: (inout Request) -> Void,
    to send: @Sendable (Service, Request, Metadata, CallOptions) async throws -> Response
  ) async throws -> Response {
    try await reopening { id in
      let request: Request = request(id, fill)
      return try await retrying(session: id) { metadata in
        try await send(service, request, metadata, options)
      }
    }
  }

  /// Runs `body` with the session's id; once more with that of a new one if the session is lost, and
  /// nothing with it.
  func reopening<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let id = serverSession.name
    do {
      return try await body(id)
    } catch {
      guard serverSession.reopens(after: error, of: id) else { throw error }
      return try await body(serverSession.name)
    }
  }

  /// Runs one request, which gets the call's headers: again while the server cannot be reached and the
  /// policy allows, and once with a new token if the server refuses the old one.
  ///
  /// - Throws: ``SparkError``; one of the kind `session` if another session has answered than before.
  func retrying<Response: SessionResponse>(
    _ policy: RetryPolicy? = nil, session: String?,
    _ request: @Sendable (Metadata) async throws -> Response
  ) async throws -> Response {
    if let loss = serverSession.loss { throw loss }
    var attempts = (policy ?? retries).attempts()
    var isRenewed = false
    while true {
      let credentials = try await credentials()
      let response: Response
      do {
        response = try await request(credentials.metadata)
      } catch let error as RPCError {
        if !isRenewed, try await renews(credentials, after: error) {
          isRenewed = true
          continue
        }
        if isRetryable(error), let pause = attempts.next() {
          try await Task.sleep(for: RetryPolicy.pause(pause, after: error))
          continue
        }
        throw await translated(error, session: session)
      }
      try check(response)
      return response
    }
  }

  // MARK: Tokens

  /// What a call carries.
  struct Credentials: Sendable {
    var metadata: Metadata
    var token: AccessToken?
  }

  /// What the next call carries: its token is asked for again before it ends.
  ///
  /// - Throws: ``SparkError`` if there is no token.
  func credentials() async throws -> Credentials {
    guard let tokens else { return Credentials(metadata: headers) }
    let token = try await told { try await tokens.token() }
    var metadata = headers
    if let name = target.tokenHeader {
      metadata.addString(token.value, forKey: name)
    } else {
      metadata.addString("Bearer \(token.value)", forKey: "authorization")
    }
    return Credentials(metadata: metadata, token: token)
  }

  /// Whether the server has refused a token, and there is another one now.
  ///
  /// - Throws: ``SparkError`` if the provider fails.
  func renews(_ credentials: Credentials, after error: RPCError) async throws -> Bool {
    // Proxies with a header of their own for tokens may say of one that has ended that it may not.
    let isRefused =
      error.code == .unauthenticated
      || (target.tokenHeader != nil && error.code == .permissionDenied)
    guard isRefused, let tokens, let token = credentials.token else { return false }
    return try await told { try await tokens.token(insteadOf: token) } != nil
  }

  private func told<Value>(_ ask: () async throws -> Value) async throws -> Value {
    do {
      return try await ask()
    } catch let error as TokenError {
      throw SparkError(
        error.code == .settings ? .connectionString : .unauthenticated,
        "there is no token for the Spark Connect server at \(target.host):\(target.port): "
          + error.message, cause: error)
    }
  }

  private static func tokens(
    _ target: ConnectionString, _ own: (any TokenProvider)?
  ) throws -> TokenCache? {
    if let own { return TokenCache(own) }
    guard let source = target.tokenSource ?? target.token.map({ .fixed(Secret($0)) }) else {
      return nil
    }
    do {
      return TokenCache(try source.provider(environment: ProcessInfo.processInfo.environment))
    } catch let error as TokenError {
      throw SparkError(.connectionString, error.message, cause: error)
    }
  }
}
