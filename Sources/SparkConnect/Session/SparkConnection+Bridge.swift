import GRPCCore
import ManagedSessions
import Texts
import Web

extension SparkConnection {
  /// A connection over a route.
  ///
  /// - Throws: ``SparkError`` if it cannot be set up.
  static func over(_ route: CloudRoute, retries: RetryPolicy) async throws -> SparkConnection {
    let bridge = try await opened(route.bridge)
    do {
      return try SparkConnection(
        route.target, retries: retries, tokens: route.tokens, bridge: bridge)
    } catch {
      bridge?.close()
      throw error
    }
  }

  /// A connection of its own to the same server, with the same tokens.
  ///
  /// - Throws: ``SparkError`` if it cannot be set up.
  func another(to target: ConnectionString) async throws -> SparkConnection {
    try SparkConnection(
      target, retries: retries, sharing: tokens, bridge: await Self.opened(bridge?.plan))
  }

  private static func opened(_ plan: WebSocketBridge.Plan?) async throws -> WebSocketBridge? {
    do {
      guard let plan else { return nil }
      return try await WebSocketBridge(plan)
    } catch {
      throw SparkError(
        .unavailable,
        "the bridge to \(plan?.address.server ?? "the server") has no door on this machine: "
          + "\(error.reason); see that the folder for temporary files (TMPDIR) can be written",
        cause: error)
    }
  }

  /// Whether it may be the bridge what has ended a call.
  private static func mayBeBridge(_ error: RPCError) -> Bool {
    error.code == .unavailable || error.code == .deadlineExceeded
  }

  /// Whether the same request may succeed a little later.
  func isRetryable(_ error: RPCError) -> Bool {
    guard RetryPolicy.isRetryable(error) else { return false }
    return !Self.mayBeBridge(error) || bridge?.failure?.mayPass != false
  }

  /// What the bridge knows of a call's failure; `nil` if it was not the bridge.
  func bridgeError(_ error: RPCError) -> SparkError? {
    guard Self.mayBeBridge(error), let bridge,
      let failure = bridge.failure ?? bridge.recentFailure
    else { return nil }
    let place = "the Spark Connect server at \(target.host):\(target.port)"
    switch failure {
    case .refused(let status, let reason):
      let answer = GatewayAnswer(status: status, text: "\(status) \(reason)")
      return answer.error(target, bridge.plan.tokens.provider, cause: failure)
    case .noToken(let reason):
      return SparkError(
        reason.code == .settings ? .connectionString : .unauthenticated,
        "there is no token for \(place): \(reason.message)", cause: reason)
    default: break
    }
    if let trouble = TLSFailure("\(failure)") {
      return SparkError(
        .unavailable, "no agreement on TLS with \(place) (\(failure)). \(trouble.advice(target))",
        cause: failure)
    }
    return SparkError(
      .unavailable,
      "there is no way to \(place), which is reached by web sockets: \(failure); see that "
        + "\(target.cloudSession ?? "the session") still runs, and try again", cause: failure)
  }
}
