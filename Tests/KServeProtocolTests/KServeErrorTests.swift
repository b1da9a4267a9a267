import KServeProtocol
import Testing

/// Errors keep their kind on both transports.
struct KServeErrorTests {
  @Test("a code survives gRPC", arguments: KServeError.Code.allCases)
  func grpcCodes(code: KServeError.Code) {
    let error = KServeError(code, "what happened")
    #expect(KServeError(GRPCStatus(error)) == error)
  }

  @Test(
    "a code survives HTTP",
    // Triton answers 400 for what is there already.
    arguments: KServeError.Code.allCases.filter { $0 != .unknown && $0 != .alreadyExists })
  func httpStatuses(code: KServeError.Code) {
    let error = KServeError(code, "what \"happened\"\n")
    let read = error.httpBody.withUnsafeBytes {
      KServeError(httpStatus: code.httpStatus, body: $0)
    }
    #expect(read == error)
  }

  @Test(
    "bodies without an error object",
    arguments: [
      ("", "HTTP status 503"), ("Service Unavailable", "Service Unavailable"), ("{}", "{}"),
      (#"{"error": 5}"#, "5"),
    ])
  func otherBodies(body: String, gist: String) {
    let read = Array(body.utf8).withUnsafeBytes { KServeError(httpStatus: 503, body: $0) }
    #expect(read.code == .unavailable)
    #expect(read.message.contains(gist))
  }

  @Test("the description leads with the code")
  func description() {
    #expect("\(KServeError(.notFound, "gone"))" == "[KSERVE_NOT_FOUND] gone")
  }
}
