import GRPCCore
import GRPCProtobuf

/// How often and after which pauses a request is sent again.
public struct RetryPolicy: Sendable, Hashable {
  /// How often a request is sent again before its failure is an error.
  public var maximumRetries: Int
  /// The pause before the first repetition.
  public var initialPause: Duration
  /// What pauses grow to at most.
  public var maximumPause: Duration
  /// How many times longer each pause is than the one before it.
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

  /// A server may ask for a longer pause than ours, up to this.
  private static let maximumAskedPause = Duration.seconds(60)

  /// The pauses in turn, each with up to a half more at random.
  func attempts() -> some IteratorProtocol<Duration> {
    var pause = initialPause
    return (0..<maximumRetries).lazy.map { _ in
      defer { pause = min(pause * multiplier, maximumPause) }
      return pause * Double.random(in: 1...1.5)
    }.makeIterator()
  }

  /// Whether the same request may succeed a little later.
  static func isRetryable(_ error: RPCError) -> Bool {
    (error.code == .unavailable && TLSFailure(error) == nil) || delay(in: error) != nil
      // Another connection took the operation's stream over, or the server dropped it.
      || (error.code == .internalError && error.message.contains("INVALID_CURSOR.DISCONNECTED"))
  }

  /// The pause before the next attempt: the policy's, or the one that the server asks for.
  static func pause(_ own: Duration, after error: RPCError) -> Duration {
    guard let asked = askedPause(error) else { return own }
    return max(own, min(asked, maximumAskedPause))
  }

  private static func askedPause(_ error: RPCError) -> Duration? {
    delay(in: error) ?? retryAfter(error)
  }

  /// The delay that a server asks for; then it takes the same request later.
  private static func delay(in error: RPCError) -> Duration? {
    (try? error.unpackGoogleRPCStatus())?.details.lazy.compactMap(\.retryInfo).first?.delay
  }

  /// A gateway's way of asking for a pause, in seconds.
  private static func retryAfter(_ error: RPCError) -> Duration? {
    guard GatewayAnswer(error) != nil else { return nil }
    return error.metadata[stringValues: "retry-after"].lazy
      .compactMap { Double($0) }.first { $0 >= 0 && $0.isFinite }.map { .seconds($0) }
  }
}
