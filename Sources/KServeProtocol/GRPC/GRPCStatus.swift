import Texts

/// How a call of gRPC ended: its code, and a message for the caller.
package struct GRPCStatus: Sendable, Hashable {
  /// The codes of gRPC with the numbers by which they travel.
  package enum Code: Int, Sendable, CaseIterable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
  }

  package var code: Code
  package var message: String

  package static let ok = GRPCStatus(.ok, "")

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The status of a call that failed with `error`.
  package init(_ error: KServeError) { self.init(error.code.grpcCode, error.message) }
}

extension GRPCStatus {
  /// Reads the fields that end a call.
  ///
  /// - Parameters:
  ///   - number: the field `grpc-status`.
  ///   - message: the field `grpc-message`.
  /// - Returns: `nil` if the first is missing or is no number.
  package init?(number: String?, message: String?) {
    guard let number = number.flatMap({ Int($0) }) else { return nil }
    let code = Code(rawValue: number) ?? .unknown
    let reason = code == .ok ? "" : "the server gave the status \(number) and no reason"
    self.init(code, message?.percentDecoded ?? reason)
  }

  /// The fields that end a call.
  package var trailers: [(String, String)] {
    var fields = [("grpc-status", String(code.rawValue))]
    if !message.isEmpty { fields.append(("grpc-message", encodedMessage)) }
    return fields
  }

  /// The message as headers carry it: printable ASCII, and all else as `%XX`.
  private var encodedMessage: String {
    message.percentEncoded { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "%") }
  }
}
