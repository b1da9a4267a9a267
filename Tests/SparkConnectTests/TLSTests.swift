import FakeTokenServer
import Foundation
import GRPCNIOTransportHTTP2Posix
import NeedletailTesting
import Testing

@testable import SparkConnect

/// Connections over TLS, and the errors of those that fail.
struct TLSTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let files = [
      "ca.pem": TestCertificates.authority, "client.pem": TestCertificates.client,
      "client.key": TestCertificates.clientKey,
    ]
    for (name, text) in files {
      try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }
  }

  private func server(mutual: Bool = false) -> FakeConnectServer {
    let chain = [
      TLSConfig.CertificateSource.bytes(Array(TestCertificates.server.utf8), format: .pem)
    ]
    let key = TLSConfig.PrivateKeySource.bytes(
      Array(TestCertificates.serverKey.utf8), format: .pem)
    guard mutual else {
      return FakeConnectServer(security: .tls(certificateChain: chain, privateKey: key))
    }
    return FakeConnectServer(
      security: .mTLS(certificateChain: chain, privateKey: key) { tls in
        tls.trustRoots = .certificates([
          .bytes(Array(TestCertificates.authority.utf8), format: .pem)
        ])
      })
  }

  private func version(_ server: FakeConnectServer, _ parameters: String) async throws -> String {
    let remote = "sc://localhost:\(try await server.port)/;\(parameters)"
    let session = try await SparkSession.connect(try ConnectionString(remote, environment: [:]))
    await session.stop()
    return session.version
  }

  @Test("an own authority is trusted")
  func ownAuthority() async throws {
    let server = server()
    #expect(try await version(server, "ca_file=\(folder)/ca.pem") == "4.3.0")
    await server.stop()
  }

  @Test("a client shows its certificate")
  func clientCertificate() async throws {
    let server = server(mutual: true)
    let files = "certificate_file=\(folder)/client.pem;key_file=\(folder)/client.key"
    #expect(try await version(server, "ca_file=\(folder)/ca.pem;\(files)") == "4.3.0")
    let error = await sparkError { _ = try await version(server, "ca_file=\(folder)/ca.pem") }
    #expect(error.kind == .unavailable)
    await server.stop()
  }

  @Test("an unknown authority is not trusted")
  func unknownAuthority() async throws {
    let server = server()
    let start = ContinuousClock.now
    let error = await sparkError { _ = try await version(server, "use_ssl=true") }
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(error.kind == .unavailable)
    #expect(error.message.contains("no agreement on TLS"), "\(error)")
    #expect(error.message.contains("add ca_file=/path/of/ca.pem"), "\(error)")
    #expect(error.message.contains("use_ssl=true"))
    #expect(error.message.lowercased().contains("certificate"))
    await server.stop()
  }

  @Test(
    "client and server that disagree about TLS fail quickly and say so", .timeLimit(.minutes(1)))
  func disagreement() async throws {
    let start = ContinuousClock.now
    let secure = server()
    let plain = FakeConnectServer()
    let first = await sparkError { _ = try await version(secure, "use_ssl=false") }
    #expect(first.kind == .unavailable && first.message.contains("use_ssl=false"))
    let second = await sparkError { _ = try await version(plain, "use_ssl=true") }
    #expect(second.kind == .unavailable && second.message.contains("use_ssl=true"))
    #expect(
      second.message.contains("The server speaks without TLS: add use_ssl=false"), "\(second)")
    #expect(ContinuousClock.now - start < .seconds(20))
    await secure.stop()
    await plain.stop()
  }

  @Test("a file that is missing, or no certificate")
  func badFiles() async throws {
    let server = server()
    let missing = await sparkError { _ = try await version(server, "ca_file=\(folder)/none.pem") }
    #expect(missing.kind == .connectionString && missing.message.contains("none.pem"))
    let junk = await sparkError { _ = try await version(server, "ca_file=\(folder)/client.key") }
    #expect(junk.kind == .connectionString && junk.message.contains("client.key"))
    await server.stop()
  }
}
