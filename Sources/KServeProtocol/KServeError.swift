public import ErrorCauses

/// Why a KServe server refused or failed a request, or why it could not be reached or understood.
public struct KServeError: CausedError, Hashable {
  /// The kind of failure; each has a gRPC code and an HTTP status.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// The model, version or region is not there.
    case notFound = "NOT_FOUND"
    /// The request does not fit the model or the protocol.
    case invalidArgument = "INVALID_ARGUMENT"
    /// The server cannot be reached, is not ready, or takes no more requests.
    case unavailable = "UNAVAILABLE"
    /// The model or the server failed.
    case `internal` = "INTERNAL"
    /// The call took longer than allowed.
    case deadlineExceeded = "DEADLINE_EXCEEDED"
    /// The caller gave up.
    case cancelled = "CANCELLED"
    /// The server does not do this.
    case unimplemented = "UNIMPLEMENTED"
    /// A region or model of that name exists.
    case alreadyExists = "ALREADY_EXISTS"
    /// The server asks for a token, or refuses the one it was given.
    case permissionDenied = "PERMISSION_DENIED"
    /// A message or a queue is beyond its limit.
    case resourceExhausted = "RESOURCE_EXHAUSTED"
    /// A failure of no other kind.
    case unknown = "UNKNOWN"
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, where, what was expected and what to do.
  public var message: String
  /// The error of a lower layer, which `==` leaves out.
  @Uncompared public var cause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  public var description: String { "[KSERVE_\(code.rawValue)] \(message)" }
}

extension KServeError: RowFaultError {
  /// A server that refuses a request, or whose model fails on it, would take others; one that is not
  /// there, is overloaded or knows neither model nor caller would not.
  public var rowFault: RowFaultKind? {
    switch code {
    case .invalidArgument: .model
    // Triton and others answer so when the model fails on a batch.
    case .internal: isAboutMachine(message) ? nil : .model
    case .resourceExhausted: isAboutSize ? .model : nil
    default: nil
    }
  }

  /// Whether a message was beyond a limit of this side, the server's or of something between, as these
  /// say it.
  package var isAboutSize: Bool {
    guard code == .resourceExhausted else { return false }
    let text = message.lowercased()
    // A full queue is told with the same code.
    if text.contains("queue") { return false }
    return ["byte", "large", "size", "payload", "413"].contains(where: text.contains)
  }
}
