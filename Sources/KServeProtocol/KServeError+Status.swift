import JSONText

extension KServeError.Code {
  /// The HTTP status of a response with this error, as Triton answers.
  public var httpStatus: Int {
    switch self {
    case .notFound: 404
    case .invalidArgument: 400
    case .unavailable: 503
    case .internal, .unknown: 500
    case .deadlineExceeded: 504
    case .cancelled: 499
    case .unimplemented: 501
    case .alreadyExists: 400
    case .permissionDenied: 403
    case .resourceExhausted: 413
    }
  }

  /// The kind of failure behind an HTTP status of 400 and above.
  public init(httpStatus: Int) {
    self =
      switch httpStatus {
      case 401, 403: .permissionDenied
      case 404: .notFound
      case 408, 504: .deadlineExceeded
      case 409: .alreadyExists
      case 413, 429: .resourceExhausted
      case 499: .cancelled
      case 501, 405: .unimplemented
      case 502, 503: .unavailable
      case 500: .internal
      case 400..<500: .invalidArgument
      default: .unknown
      }
  }

  /// The gRPC code of a response with this error.
  package var grpcCode: GRPCStatus.Code {
    switch self {
    case .notFound: .notFound
    case .invalidArgument: .invalidArgument
    case .unavailable: .unavailable
    case .internal: .internal
    case .deadlineExceeded: .deadlineExceeded
    case .cancelled: .cancelled
    case .unimplemented: .unimplemented
    case .alreadyExists: .alreadyExists
    case .permissionDenied: .permissionDenied
    case .resourceExhausted: .resourceExhausted
    case .unknown: .unknown
    }
  }

  /// The kind of failure behind a gRPC code.
  package init(_ code: GRPCStatus.Code) {
    self =
      switch code {
      case .failedPrecondition, .outOfRange: .invalidArgument
      case .aborted: .unavailable
      case .dataLoss: .internal
      case .unauthenticated: .permissionDenied
      default: Self.allCases.first { $0.grpcCode == code } ?? .unknown
      }
  }
}

extension KServeError {
  /// The error behind the status of a failed call.
  package init(_ status: GRPCStatus) { self.init(Code(status.code), status.message) }

  /// The error behind an HTTP response: its `{"error": …}` object, or the members that other servers
  /// have for it, or its text.
  public init(httpStatus: Int, body: UnsafeRawBufferPointer) {
    let answer = try? JSONValue(parsing: body)
    let said = ["error", "detail", "message"].lazy.compactMap { answer?[$0]?.string }.first
    let text = said ?? String(decoding: body.prefix(2048), as: UTF8.self)
    self.init(
      Code(httpStatus: httpStatus),
      text.isEmpty ? "the server answered HTTP status \(httpStatus) without a reason" : text)
  }

  /// The body of an HTTP response with this error: `{"error": …}`.
  public var httpBody: [UInt8] { JSONValue.object([("error", .string(message))]).encoded() }
}
