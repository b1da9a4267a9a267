import AccessTokens
import GRPCCore
import GRPCProtobuf
import SparkConnectProtocol
import SwiftProtobuf

extension SparkConnection {
  /// `error` as a ``SparkError``, with the details that the server keeps.
  func translated(_ error: RPCError, session: String?) async -> any Error {
    if let told = bridgeError(error) { return told }
    if let gateway = GatewayAnswer(error) {
      return gateway.error(target, tokens?.provider, cause: error)
    }
    let place = "the Spark Connect server at \(target.host):\(target.port)"
    switch error.code {
    case .unavailable, .deadlineExceeded:
      let said = "\(error.message)\(error.cause.map { "; \($0)" } ?? "")"
      if let failure = TLSFailure(error) {
        return SparkError(
          .unavailable,
          "no agreement on TLS with \(place) (use_ssl=\(target.useTLS); \(said)). "
            + failure.advice(target), cause: error)
      }
      return SparkError(.unavailable, Self.noAnswer(target, said), cause: error)
    case .unauthenticated:
      return SparkError(
        .unauthenticated,
        "\(place) refuses the request: \(withoutToken(error.message)); the token: "
          + TokenAdvice.refused(tokens?.provider), cause: error)
    case .permissionDenied:
      let isDatabricks = target.headers.keys.contains { $0.hasPrefix("x-databricks-") }
      return SparkError(
        .unauthenticated,
        "\(place) refuses the request: \(withoutToken(error.message)); "
          + TokenAdvice.forbidden(tokens?.provider, isDatabricks), cause: error)
    case .cancelled where Task.isCancelled: return CancellationError()
    // Which of the two it is depends on how much of the message was there.
    case .resourceExhausted where error.message.contains("maximum payload size"),
      .internalError where error.message.contains("maximum payload size"):
      return SparkError(
        .result,
        "the server sent more than \(Self.maximumMessage >> 20) MiB at once (\(error.message)). Spark "
          + "sends greater values in pieces since version 4.1; of an older server, take less in a row: "
          + "select fewer columns, or cut the value in the query (substring, slice)",
        cause: error)
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
    result.cause = error
    if result.condition != nil { result.message = SparkErrorPlan.removed(from: result.message) }
    result = SparkErrorAdvice.added(to: result)
    if let loss = SessionLoss(result) {
      result = loss.error(target, cause: result)
      serverSession.lose(result)
    }
    if result.condition == "OPERATION_CANCELED" || error.code == .cancelled {
      result.kind = .cancelled
    }
    return result
  }

  /// That nobody answers, and what to do.
  static func noAnswer(_ target: ConnectionString, _ said: String) -> String {
    let place = "no Spark Connect server answers at \(target.host):\(target.port)"
    guard said.contains("Connection refused") else {
      return "\(place) (\(said)); check the address, that the server runs, and whether it uses TLS "
        + "(use_ssl=\(target.useTLS))"
    }
    let isHere = ["localhost", "127.0.0.1", "::1"].contains(target.host)
    return
      "\(place) (connection refused: nothing listens on that port); correct the address, or start "
      + "the server: " + (isHere ? "needletail spark start, or " : "")
      + "sbin/start-connect-server.sh of Spark 4 (use_ssl=\(target.useTLS))"
  }

  /// A server's words without the token, which some repeat.
  private func withoutToken(_ text: String) -> String {
    tokens?.current.map { Secret($0.value).hidden(in: text) } ?? text
  }

  /// How long an error waits for its details; without them it says what its status says.
  private static let detailsTimeout = Duration.seconds(5)

  private func details(of id: String, session: String) async throws -> SparkError? {
    let request: Spark_Connect_FetchErrorDetailsRequest = request(session) { $0.errorID = id }
    let response = try await service.fetchErrorDetails(
      request, metadata: try await credentials().metadata,
      options: callOptions(within: Self.detailsTimeout))
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
