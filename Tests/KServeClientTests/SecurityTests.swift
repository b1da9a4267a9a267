import Foundation
import KServeClient
import Testing

/// Encrypted connections, with a certificate made for the purpose.
@Suite(
  .enabled(if: Certificate.canBeMade, "needs the program openssl"), .timeLimit(.minutes(2)),
  .serialized)
struct SecurityTests {
  @Test("HTTPS", arguments: ["localhost", "127.0.0.1"])
  func https(host: String) async throws {
    let certificate = try Certificate()
    // openssl serves files; this is one that tells that a server lives.
    let health = certificate.folder.appendingPathComponent("v2/health")
    try FileManager.default.createDirectory(at: health, withIntermediateDirectories: true)
    try Data().write(to: health.appendingPathComponent("live"))
    let port = try FreePort.find()
    let server = Process()
    server.executableURL = URL(fileURLWithPath: Certificate.openssl)
    server.arguments = [
      "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate.file, "-key",
      certificate.key, "-WWW", "-quiet",
    ]
    server.currentDirectoryURL = certificate.folder
    server.standardInput = FileHandle.nullDevice
    server.standardOutput = FileHandle.nullDevice
    server.standardError = FileHandle.nullDevice
    try server.run()
    defer {
      // It may have inherited that SIGTERM is blocked.
      kill(server.processIdentifier, SIGKILL)
      server.waitUntilExit()
    }
    let endpoint = KServeEndpoint(.http, host: host, port: port, isSecure: true)
    var options = KServeClientOptions()
    options.timeout = 10
    options.certificateAuthorityFile = certificate.file
    try await check(endpoint, options)
  }

  @Test(
    "gRPC with TLS", .enabled(if: Peers.areThere, Comment(rawValue: Peers.advice)),
    arguments: ["localhost", "127.0.0.1"])
  func grpcs(host: String) async throws {
    let certificate = try Certificate()
    let server = try PeerServer([
      "triton.py", "slow", "--", "--grpc-use-ssl=1", "--grpc-server-cert=\(certificate.file)",
      "--grpc-server-key=\(certificate.key)", "--grpc-root-cert=\(certificate.file)",
    ])
    let endpoint = KServeEndpoint(.grpc, host: host, port: server.grpcPort, isSecure: true)
    var options = KServeClientOptions()
    options.timeout = 10
    options.certificateAuthorityFile = certificate.file
    try await check(endpoint, options)
    server.stop()
  }

  private func check(_ endpoint: KServeEndpoint, _ options: KServeClientOptions) async throws {
    let client = try KServeClient(endpoint, options: options)
    #expect(try await client.isServerLive())
    await client.close()

    // A certificate of nobody whom the system trusts.
    var distrusting = options
    distrusting.certificateAuthorityFile = nil
    distrusting.timeout = 3
    let stranger = try KServeClient(endpoint, options: distrusting)
    let untrusted = try await #require(throws: KServeError.self) {
      _ = try await stranger.isServerLive()
    }
    #expect(untrusted.code == .unavailable)
    #expect(untrusted.message.uppercased().contains("CERTIFICATE"), "\(untrusted)")
    await stranger.close()

    var open = endpoint
    open.isSecure = false
    let plain = try KServeClient(open, options: distrusting)
    let unencrypted = try await #require(throws: KServeError.self) {
      _ = try await plain.isServerLive()
    }
    #expect(unencrypted.message.contains("\(open)"), "\(unencrypted)")
    #expect(unencrypted.message.contains("use \(endpoint)"), "\(unencrypted)")
    await plain.close()
  }

  @Test("a file of authorities that is none", arguments: [KServeEndpoint.Transport.grpc, .http])
  func badFile(transport: KServeEndpoint.Transport) throws {
    let endpoint = KServeEndpoint(transport, host: "localhost", isSecure: true)
    var options = KServeClientOptions()
    options.certificateAuthorityFile = #filePath
    let error = try #require(throws: KServeError.self) {
      _ = try KServeClient(endpoint, options: options)
    }
    #expect(error.code == .invalidArgument)
    #expect(error.message.contains(#filePath))
  }
}

/// A certificate for this machine that signs itself, in a folder that goes with it.
private final class Certificate {
  static let openssl = "/usr/bin/openssl"
  static var canBeMade: Bool { FileManager.default.isExecutableFile(atPath: openssl) }

  let folder: URL
  var file: String { folder.appendingPathComponent("certificate.pem").path }
  var key: String { folder.appendingPathComponent("key.pem").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "needletail-certificate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.openssl)
    process.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "2", "-subj", "/CN=localhost", "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", file,
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }
}

private enum FreePort {
  /// A port of the loopback interface on which nobody listens now.
  static func find() throws -> Int {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
