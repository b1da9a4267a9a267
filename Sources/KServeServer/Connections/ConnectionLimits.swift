/// What clients' connections may take, and for how long.
public struct ConnectionLimits: Sendable, Hashable {
  /// The most connections for HTTP and gRPC together; `nil` for as many as the process has
  /// descriptors, some of which are kept for other uses. Beyond it, a new connection takes the place of
  /// the one that has been without a request for longest.
  public var connections: Int?
  /// How long the head of a request over HTTP may take from its first byte on.
  public var headTime: Duration
  /// How long a client may send nothing in the middle of a request's body over HTTP.
  public var bodyTime: Duration
  /// How long a connection may be open without a request.
  public var idleTime: Duration
  /// How long a client may take nothing of an answer; a long answer has more time.
  public var stallTime: Duration
  /// The bytes that the requests and answers of one connection may take at the same time; further
  /// requests on it wait until answers have been sent. A single request always goes on.
  public var bytesInFlight: Int

  public init(
    connections: Int? = nil, headTime: Duration = .seconds(15), bodyTime: Duration = .seconds(30),
    idleTime: Duration = .seconds(300), stallTime: Duration = .seconds(60),
    bytesInFlight: Int = 64 << 20
  ) {
    self.connections = connections
    self.headTime = headTime
    self.bodyTime = bodyTime
    self.idleTime = idleTime
    self.stallTime = stallTime
    self.bytesInFlight = bytesInFlight
  }
}
