import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SparkConnectProtocol
import SwiftProtobuf

/// One long-lived connection to a Spark Connect server, with the retries and the translation of
/// errors that all requests share.
final class SparkConnection: Sendable {
  typealias Service = Spark_Connect_SparkConnectService.Client<HTTP2ClientTransport.Posix>

  let target: ConnectionString
  let service: Service
  let metadata: Metadata
  let userContext: Spark_Connect_UserContext
  let userAgent: String
  let retries: RetryPolicy
  private let client: GRPCClient<HTTP2ClientTransport.Posix>
  private let connections: Task<Void, any Error>

  /// The greatest size of a message in bytes; that of Spark's Python client.
  static let maximumMessage = 128 << 20

  init(_ target: ConnectionString, retries: RetryPolicy) throws {
    self.target = target
    self.retries = retries
    let transport = try HTTP2ClientTransport.Posix(
      target: .dns(host: target.host, port: target.port),
      transportSecurity: try Self.security(target),
      config: .defaults { config in
        config.http2.targetWindowSize = 16 << 20
        config.http2.maxFrameSize = 1 << 20
      })
    client = GRPCClient(transport: transport)
    service = Service(wrapping: client)
    var metadata: Metadata = [:]
    if let token = target.token { metadata.addString("Bearer \(token)", forKey: "authorization") }
    for (name, value) in target.headers { metadata.addString(value, forKey: name) }
    self.metadata = metadata
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

  /// Ends the connection.
  func close() {
    client.beginGracefulShutdown()
    connections.cancel()
  }

  /// Runs one request, again while the server cannot be reached and the policy allows.
  func retrying<Result: Sendable>(
    _ policy: RetryPolicy? = nil, session: String?,
    _ request: @Sendable () async throws -> Result
  ) async throws -> Result {
    var attempts = (policy ?? retries).attempts()
    while true {
      do {
        return try await request()
      } catch let error as RPCError {
        if error.code == .unavailable, let pause = attempts.next() {
          try await Task.sleep(for: pause)
          continue
        }
        throw await translated(error, session: session)
      }
    }
  }

  /// `error` as a ``SparkError``, with the details that the server keeps.
  func translated(_ error: RPCError, session: String?) async -> any Error {
    switch error.code {
    case .unavailable, .deadlineExceeded:
      return SparkError(
        .unavailable,
        "no Spark Connect server answers at \(target.host):\(target.port) "
          + "(\(error.message)\(error.cause.map { "; \($0)" } ?? "")); check the address, that the "
          + "server runs, and whether it uses TLS (use_ssl=\(target.useTLS))")
    case .unauthenticated, .permissionDenied:
      return SparkError(
        .unauthenticated,
        "the Spark Connect server at \(target.host):\(target.port) refuses the request: "
          + "\(error.message); give the right token, as token=... in the connection string or in "
          + "SPARK_CONNECT_AUTHENTICATE_TOKEN")
    case .cancelled where Task.isCancelled: return CancellationError()
    default: break
    }
    let info = (try? error.unpackGoogleRPCStatus())?.details.compactMap(\.errorInfo).first
    var result = SparkError(
      .server, error.message, condition: info?.metadata["errorClass"],
      sqlState: info?.metadata["sqlState"])
    if let id = info?.metadata["errorId"], let session,
      let details = try? await details(of: id, session: session)
    {
      result = details
    }
    if result.condition == "OPERATION_CANCELED" || error.code == .cancelled {
      result.kind = .cancelled
    }
    return result
  }

  private func details(of id: String, session: String) async throws -> SparkError? {
    let request = Spark_Connect_FetchErrorDetailsRequest.with {
      $0.sessionID = session
      $0.userContext = userContext
      $0.clientType = userAgent
      $0.errorID = id
    }
    let response = try await service.fetchErrorDetails(
      request, metadata: metadata, options: options)
    guard response.hasRootErrorIdx, response.errors.indices.contains(Int(response.rootErrorIdx))
    else { return nil }
    var error = response.errors[Int(response.rootErrorIdx)]
    var result = SparkError(
      .server, error.message, classes: error.errorTypeHierarchy,
      serverStackTrace: error.stackTrace.map {
        "\($0.declaringClass).\($0.methodName)(\($0.fileName):\($0.lineNumber))"
      })
    // The condition is that of the outermost error that has one; a worker's text is told even when
    // it is only the cause.
    for _ in 0..<response.errors.count {
      if result.condition == nil, error.hasSparkThrowable {
        let throwable = error.sparkThrowable
        result.condition = throwable.hasErrorClass ? throwable.errorClass : nil
        result.sqlState = throwable.hasSqlState ? throwable.sqlState : nil
        result.parameters = throwable.messageParameters
      }
      if result.workerMessage == nil,
        error.errorTypeHierarchy.first?.hasSuffix("PythonException") == true
      {
        result.message = "PythonException: " + error.message
      }
      guard error.hasCauseIdx, response.errors.indices.contains(Int(error.causeIdx)) else { break }
      error = response.errors[Int(error.causeIdx)]
    }
    return result
  }
}

/// How often and after which pauses a request is sent again.
public struct RetryPolicy: Sendable, Hashable {
  public var maximumRetries: Int
  public var initialPause: Duration
  public var maximumPause: Duration
  public var multiplier: Double

  public init(
    maximumRetries: Int = 8, initialPause: Duration = .milliseconds(50),
    maximumPause: Duration = .seconds(20), multiplier: Double = 4
  ) {
    self.maximumRetries = maximumRetries
    self.initialPause = initialPause
    self.maximumPause = maximumPause
    self.multiplier = multiplier
  }

  /// For the first request of a session: a server that is not there is told within two seconds.
  public static let connecting = RetryPolicy(
    maximumRetries: 3, initialPause: .milliseconds(100), maximumPause: .seconds(1), multiplier: 3)

  /// The pauses in turn, each with up to a half more at random.
  func attempts() -> some IteratorProtocol<Duration> {
    var pause = initialPause
    return (0..<maximumRetries).lazy.map { _ in
      defer { pause = min(pause * multiplier, maximumPause) }
      return pause * Double.random(in: 1...1.5)
    }.makeIterator()
  }
}
