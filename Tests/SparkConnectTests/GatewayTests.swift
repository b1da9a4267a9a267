import FakeTokenServer
import Foundation
import NeedletailTesting
import Testing

@testable import SparkConnect

/// Gateways before a server, which answer by HTTP.
struct GatewayTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var status: Int
    var kind: SparkError.Kind
    var says: String
    var advises: String
    /// How often it is asked.
    var asked = 1
    var testDescription: String { "\(status)" }
  }

  @Test(
    "each status is told in plain words, at once or after few attempts",
    arguments: [
      Case(
        status: 401, kind: .unauthenticated,
        says: "does not accept the token (HTTP 401 Unauthorized)",
        advises: "it is from the connection string"),
      Case(
        status: 403, kind: .unauthenticated,
        says: "does not allow the request (HTTP 403 Forbidden)",
        advises: "lacks a right"),
      Case(
        status: 404, kind: .unavailable, says: "knows no Spark Connect there",
        advises: "check host and port"),
      Case(
        status: 413, kind: .server, says: "does not pass on requests of this size",
        advises: "client_max_body_size 0"),
      Case(
        status: 429, kind: .unavailable, says: "has had too many requests", advises: "later",
        asked: 4),
      Case(
        status: 502, kind: .unavailable, says: "does not reach the server (HTTP 502 Bad Gateway)",
        advises: "see that the server behind it runs", asked: 4),
      Case(
        status: 503, kind: .unavailable, says: "HTTP 503", advises: "see that the server", asked: 4),
      Case(
        status: 504, kind: .unavailable, says: "HTTP 504", advises: "see that the server", asked: 4),
      Case(
        status: 418, kind: .server, says: "answers by HTTP and not by gRPC", advises: "check host"),
    ])
  func statuses(expected: Case) async throws {
    let gateway = try await FakeGateway([expected.status], headers: ["retry-after": "0"])
    let error = await sparkError {
      _ = try await SparkSession.connect("sc://localhost:\(gateway.port)/;token=some-token")
    }
    #expect(error.kind == expected.kind)
    #expect(error.message.contains(expected.says), "\(error)")
    #expect(error.message.contains(expected.advises), "\(error)")
    #expect(error.message.contains("localhost:\(gateway.port)"))
    #expect(!error.message.contains("some-token"))
    #expect(gateway.requests.count == expected.asked)
    await gateway.stop()
  }

  @Test("over TLS, as Databricks has it")
  func databricks() async throws {
    let folder = NSTemporaryDirectory() + "gateway-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try TestCertificates.authority.write(
      toFile: "\(folder)/ca.pem", atomically: true, encoding: .utf8)
    let gateway = try await FakeGateway([403], tls: true)
    let error = await sparkError {
      let target = try ConnectionString(
        "databricks://?cluster=0101-abc&ca_file=\(folder)/ca.pem",
        environment: [
          "DATABRICKS_HOST": "https://localhost:\(gateway.port)", "DATABRICKS_TOKEN": "dapi-hush",
        ])
      _ = try await SparkSession.connect(target)
    }
    #expect(error.message.contains("'Can Attach To'"), "\(error)")
    let request = try #require(gateway.requests.first)
    #expect(request["x-databricks-cluster-id"] == "0101-abc")
    #expect(request["authorization"] == "Bearer dapi-hush")
    #expect(!error.message.contains("hush"))
    await gateway.stop()
  }
}
