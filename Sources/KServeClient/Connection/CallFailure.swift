/// Why a call of a server failed.
enum CallFailure: Error {
  /// No connection could be made; the server has seen nothing of the call.
  case notSent(any Error)
  /// The connection ended before the call did.
  case lost(any Error)
  /// The server's own error, or what is wrong with its answer.
  case refused(KServeError)
  /// The answer is larger than allowed.
  case tooLong(byteCount: Int)
  case deadline
  case cancelled
}

extension CallFailure {
  /// The error that callers of the client see.
  func translated(_ endpoint: KServeEndpoint, _ options: KServeClientOptions) -> any Error {
    switch self {
    case .cancelled: CancellationError()
    case .notSent(let error as PeerMismatch), .lost(let error as PeerMismatch):
      KServeError(.unavailable, error.message(endpoint))
    case .notSent(let error):
      KServeError(
        .unavailable,
        "the server \(endpoint) cannot be reached (\(error)); check that it runs there, that this is "
          + "its \(endpoint.transport.rawValue) port, and whether it uses TLS",
        cause: error)
    case .lost(let error):
      KServeError(
        .unavailable,
        "the connection to \(endpoint) ended before the answer came (\(error)); the server may have "
          + "stopped or restarted, or this is not its \(endpoint.transport.rawValue) port; its "
          + "\(endpoint.counterpart.transport.rawValue) port is addressed as "
          + "\(endpoint.counterpart)",
        cause: error)
    case .tooLong(let size):
      KServeError(
        .resourceExhausted,
        "the answer of \(endpoint) has \(size) bytes, the limit is \(options.maxMessageBytes); send "
          + "smaller batches, or raise KServeClientOptions.maxMessageBytes (--option maxMessageBytes)"
      )
    case .deadline: Self.late(endpoint, options)
    case .refused(let error): Self.advised(error, endpoint, options)
    }
  }

  private static func late(
    _ endpoint: KServeEndpoint, _ options: KServeClientOptions, cause: KServeError? = nil
  ) -> KServeError {
    KServeError(
      .deadlineExceeded,
      "the server \(endpoint) did not answer within \(options.timeout) s; it may be overloaded, or the "
        + "time is too short (KServeClientOptions.timeout, --option timeout)",
      cause: cause)
  }

  private static func advised(
    _ error: KServeError, _ endpoint: KServeEndpoint, _ options: KServeClientOptions
  ) -> any Error {
    var error = error
    // By gRPC Triton refuses calls without their token as if it were not there.
    if error.code == .permissionDenied || error.message.contains("is restricted") {
      error.code = .permissionDenied
      let names = Set(options.headers.keys.map { $0.lowercased() })
      let advice =
        if options.accessToken != nil {
          "refuses the token in KServeClientOptions.accessToken (--option token)"
        } else if names.contains("authorization") {
          "refuses what the header Authorization says"
        } else {
          "asks for a token: set KServeClientOptions.accessToken (--option token), or for a gateway the "
            + "header Authorization in KServeClientOptions.headers (--header 'Authorization: Bearer "
            + "TOKEN')"
        }
      error.message += "; \(endpoint) \(advice)"
    } else if error.code == .deadlineExceeded {
      return late(endpoint, options, cause: error)
    }
    return error
  }
}

extension KServeClientOptions {
  /// Refuses a request that is beyond the limit before anything of it is sent.
  func check(
    requestBytes size: Int, model: String, endpoint: KServeEndpoint
  ) throws(KServeError) {
    guard size > maxMessageBytes else { return }
    throw KServeError(
      .resourceExhausted,
      "the request to model '\(model)' at \(endpoint) has \(size) bytes, the limit is "
        + "\(maxMessageBytes); send smaller batches, or raise KServeClientOptions.maxMessageBytes "
        + "(--option maxMessageBytes) and the server's limit")
  }
}

extension KServeEndpoint {
  /// The address of the same port for the other transport.
  var counterpart: KServeEndpoint {
    var other = self
    other.transport = transport == .grpc ? .http : .grpc
    other.pathPrefix = ""
    return other
  }
}
