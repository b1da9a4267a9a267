import CGzip
import Foundation
import GRPCCore
import GRPCProtobuf
import NeedletailTesting
import SparkConnectProtocol
import Synchronization
import Testing

@testable import SparkConnect

struct ArtifactTests {
  private static let chunk = 256 << 10

  private func withFile<Result>(
    _ name: String, _ bytes: Data, _ body: (String) async throws -> Result
  ) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: name)
    try bytes.write(to: file)
    return try await body(file.path)
  }

  @Test(
    "files arrive whole, in chunks with their checksums",
    arguments: [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk + 17])
  func chunks(size: Int) async throws {
    let bytes = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) })
    try await withSession { session, server in
      try await withFile("model.onnx", bytes) { try await session.addFile($0) }
      let artifact = try #require(server.log.artifacts.first)
      #expect(artifact.name == "files/model.onnx")
      #expect(artifact.bytes == bytes)
      #expect(artifact.chunkSizes.count == max(1, (size + Self.chunk - 1) / Self.chunk))
      #expect(artifact.chunkSizes.allSatisfy { $0 <= Self.chunk })
    }
  }

  @Test("names say what the server does with a file")
  func names() async throws {
    try await withSession { session, server in
      try await withFile("a.tar.gz", Data([1])) { path in
        try await session.addArchive(path)
        try await session.addArchive(path, as: "model")
        try await session.addFile(path, as: "other")
      }
      try await withFile("b.jar", Data([1])) { try await session.addJar($0) }
      #expect(
        server.log.artifacts.map(\.name) == [
          "archives/a.tar.gz#a.tar.gz", "archives/a.tar.gz#model", "files/other", "jars/b.jar",
        ])
    }
  }

  @Test("the same contents are sent once; others under the same name are refused")
  func repeats() async throws {
    try await withSession { session, server in
      try await withFile("a", Data([1])) { path in
        try await session.addFile(path)
        try await session.addFile(path)
        #expect(server.log.artifacts.count == 1)
        try Data([2]).write(to: URL(fileURLWithPath: path))
        let error = await sparkError { try await session.addFile(path) }
        #expect(error.kind == .artifact)
        #expect(error.message.contains("files/a"))
      }
    }
  }

  @Test("files that cannot be sent")
  func refused() async throws {
    try await withSession { session, server in
      let missing = await sparkError { try await session.addFile("no/such.onnx") }
      #expect(missing.kind == .artifact && missing.message.contains("no/such.onnx"))
      let folder = await sparkError { try await session.addFile("/tmp") }
      #expect(folder.kind == .artifact && folder.message.contains("folder"))
      try await withFile("a.rar", Data([1])) { path in
        let archive = await sparkError { try await session.addArchive(path) }
        #expect(archive.kind == .artifact && archive.message.contains(".tar.gz"))
      }
      #expect(server.log.artifacts.isEmpty)
    }
  }

  @Test("a damaged transfer, and a server that cannot store it")
  func failures() async throws {
    let bytes = Data(count: 20 * Self.chunk)
    try await withSession { session, server in
      try await withFile("big", bytes) { path in
        server.state.withLock { $0.damagesArtifacts = true }
        let damaged = await sparkError { try await session.addFile(path) }
        #expect(damaged.kind == .artifact && damaged.message.contains("damaged"))

        server.state.withLock {
          $0.artifactFailure = .spark("java.io.IOException: No space left on device")
        }
        let full = await sparkError { try await session.addFile(path) }
        #expect(full.kind == .artifact)
        #expect(full.message.contains("files/big"))
        #expect(full.message.contains("No space left on device"))

        server.state.withLock {
          $0.artifactFailure = nil
          $0.damagesArtifacts = false
        }
        try await session.addFile(path)
        #expect(server.log.artifacts.last?.bytes == bytes)
      }
    }
  }

  @Test("an upload is sent again after the connection broke")
  func retried() async throws {
    try await withSession { session, server in
      try await withFile("a", Data([7])) { path in
        server.state.withLock { $0.failures = [RPCError(code: .unavailable, message: "gone")] }
        try await session.addFile(path)
        #expect(server.log.artifacts.map(\.bytes) == [Data([7])])
      }
    }
  }

  @Test("the checksum is the CRC-32 of zlib: its published check value")
  func checksum() {
    let digits = Array("123456789".utf8)
    #expect(needletail_crc32(0, digits, digits.count) == 0xCBF4_3926)
  }
}
