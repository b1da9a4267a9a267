import Foundation
import Needletail
import Testing

/// A Connect server that keeps its Python to itself: `refusing_proxy.py` before another, until this is
/// released or the test process ends.
final class RefusingProxy: Sendable {
  enum Mode: String, Sendable {
    /// The setting of the workers' program is answered with an error.
    case refuse
    /// It is taken, and nothing comes of it.
    case ignore
  }

  /// The connection string of the proxy.
  let remote: String
  private let input: Pipe

  /// - Parameter server: the connection string of the server behind it, `sc://HOST:PORT/;token=...`.
  init(before server: String, _ mode: Mode) throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "refusing_proxy.py").path
    let address = server.dropFirst("sc://".count).prefix { $0 != "/" }
    let process = Process()
    process.executableURL = try Programs.python
    process.arguments = [script, String(address), mode.rawValue]
    input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var port = Data()
    while let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
      byte != Data("\n".utf8)
    {
      port += byte
    }
    try #require(!port.isEmpty, "the proxy has not started; it needs grpcio and pyspark")
    remote = "sc://localhost:\(String(decoding: port, as: UTF8.self))/\(server.drop { $0 != ";" })"
  }

  deinit { try? input.fileHandleForWriting.close() }
}
