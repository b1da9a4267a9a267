import KServeProtocol
import Testing

@testable import KServeClient

/// What callers see of a failed call, and what stands behind it.
struct ErrorCauseTests {
  private struct Broken: Error {}

  struct Case: Sendable, CustomTestStringConvertible {
    var failure: CallFailure
    var says: String
    /// The type of what is behind the error.
    var cause: String?
    var testDescription: String { says }
  }

  static let cases = [
    Case(
      failure: .notSent(Broken()),
      says:
        "[KSERVE_UNAVAILABLE] the server grpc://127.0.0.1:8001 cannot be reached (Broken()); check "
        + "that it runs there, that this is its grpc port, and whether it uses TLS",
      cause: "Broken"),
    Case(
      failure: .lost(Broken()),
      says:
        "[KSERVE_UNAVAILABLE] the connection to grpc://127.0.0.1:8001 ended before the answer came "
        + "(Broken()); the server may have stopped or restarted, or this is not its grpc port; its "
        + "http port is addressed as http://127.0.0.1:8001",
      cause: "Broken"),
    Case(
      failure: .refused(KServeError(.deadlineExceeded, "late")),
      says:
        "[KSERVE_DEADLINE_EXCEEDED] the server grpc://127.0.0.1:8001 did not answer within 60.0 s; "
        + "it may be overloaded, or the time is too short (KServeClientOptions.timeout, --option timeout)",
      cause: "KServeError"),
    Case(
      failure: .deadline,
      says:
        "[KSERVE_DEADLINE_EXCEEDED] the server grpc://127.0.0.1:8001 did not answer within 60.0 s; "
        + "it may be overloaded, or the time is too short (KServeClientOptions.timeout, --option timeout)"
    ),
    Case(failure: .refused(KServeError(.internal, "no")), says: "[KSERVE_INTERNAL] no"),
  ]

  @Test(arguments: cases) func calls(_ test: Case) throws {
    let endpoint = KServeEndpoint(.grpc, host: "127.0.0.1", port: 8001)
    let error = try #require(
      test.failure.translated(endpoint, KServeClientOptions()) as? KServeError)
    #expect("\(error)" == test.says)
    #expect(error.cause.map { "\(type(of: $0))" } == test.cause)
  }
}
