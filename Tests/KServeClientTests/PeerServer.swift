import Foundation
import KServeClient
import Testing

/// A real server of the peers' environment that runs as long as this object, or this process, lives.
final class PeerServer: Sendable {
  let httpPort: Int
  let grpcPort: Int
  let processIdentifier: Int32
  private let process: Process
  private let input: Pipe

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private struct Announcement: Decodable {
    var http: Int?
    var grpc: Int?
    var pid: Int32?
    var error: String?
    var log: String?
  }

  /// - Parameter arguments: a script of `Tests/Triton` and what it takes.
  init(_ arguments: [String]) throws {
    guard let python = Peers.python else { throw Failure(description: Peers.advice) }
    process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [Peers.folder + "/" + arguments[0]] + arguments.dropFirst()
    input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    var line = Data()
    while !line.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      line += more
    }
    let said = try? JSONDecoder().decode(Announcement.self, from: line)
    guard let said, let http = said.http, let grpc = said.grpc else {
      throw Failure(
        description: "\(arguments): \(said?.error ?? "no server"): \(said?.log ?? "no log")")
    }
    httpPort = http
    grpcPort = grpc
    processIdentifier = said.pid ?? process.processIdentifier
  }

  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  deinit { stop() }

  func endpoint(_ transport: KServeEndpoint.Transport) -> KServeEndpoint {
    KServeEndpoint(
      transport, host: "127.0.0.1", port: transport == .grpc ? grpcPort : httpPort)
  }

  /// Runs `body` with a client and closes it.
  func withClient<Result>(
    _ transport: KServeEndpoint.Transport = .grpc,
    _ adjust: (inout KServeClientOptions) -> Void = { _ in },
    _ body: (KServeClient) async throws -> Result
  ) async throws -> Result {
    var options = KServeClientOptions()
    options.timeout = 20
    adjust(&options)
    let client = try KServeClient(endpoint(transport), options: options)
    do {
      let result = try await body(client)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }
}

enum Peers {
  static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Triton").path

  /// The interpreter with nvidia-pytriton and numpy below 2.
  static let python: String? = {
    let path = ProcessInfo.processInfo.environment["NEEDLETAIL_PEERS"] ?? ""
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  static let advice =
    "NEEDLETAIL_PEERS does not name the Python with nvidia-pytriton, so nothing is tried on a real "
    + "server"

  static var areThere: Bool {
    if python == nil { print(advice) }
    return python != nil
  }

  static let transports: [KServeEndpoint.Transport] = [.grpc, .http]

  /// One tritonserver for all tests; it ends with this process.
  private static let started = Task.detached { try PeerServer(["triton.py"]) }

  static var triton: PeerServer { get async throws { try await started.value } }
}
