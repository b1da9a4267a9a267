import Foundation
import HostProcesses
import NeedletailTesting
import SparkConnect
import Synchronization
import Testing

@testable import Deployment

/// Whether a server is that of the cluster which this user has started here: no address tells.
struct OwnClusterTests {
  private static let own = [
    "spark.master": "spark://127.0.0.1:7077", Machine.setting: Machine.identity,
    ClusterMark.setting: "the-text",
  ]

  @Test(
    "its server has the text of the file, and says that it runs on this machine",
    arguments: [
      (own, true),
      (own.merging([ClusterMark.setting: "another"]) { $1 }, false),
      (own.filter { $0.key != ClusterMark.setting }, false),
      (own.filter { $0.key != Machine.setting }, false),
      (own.merging([Machine.setting: "another"]) { $1 }, false),
      (own.merging(["spark.master": "spark://10.0.0.7:7077"]) { $1 }, false),
    ])
  func server(_ settings: [String: String], _ isOwn: Bool) async throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
    let server = FakeConnectServer()
    server.state.withLock { $0.defaults = settings }
    let session = try await SparkSession.connect(try await server.remote)
    #expect(try await !Machine.isOwnCluster(of: session, folder: folder.path))
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    #expect(
      FileManager.default.createFile(
        atPath: "\(folder.path)/\(ClusterMark.file)", contents: Data("the-text".utf8),
        attributes: attributes))
    #expect(try await Machine.isOwnCluster(of: session, folder: folder.path) == isOwn)
    await session.stop()
    await server.stop()
  }
}
