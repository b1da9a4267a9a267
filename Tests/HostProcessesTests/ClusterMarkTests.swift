import Foundation
import HostProcesses
import Testing

/// The file by which a program knows its user's cluster.
struct ClusterMarkTests {
  @Test(
    "it counts if this user alone can read it",
    arguments: [
      (0o700, 0o600, "a-text\n", "a-text"),
      (0o700, 0o600, "", nil),
      (0o700, 0o644, "a-text", nil),
      (0o700, 0o620, "a-text", nil),
      (0o755, 0o600, "a-text", nil),
    ] as [(Int, Int, String, String?)])
  func rights(_ folderRights: Int, _ fileRights: Int, _ text: String, _ known: String?) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(ClusterMark.text(in: folder) == nil)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(ClusterMark.text(in: folder) == nil)
    let file = "\(folder)/\(ClusterMark.file)"
    try Data(text.utf8).write(to: URL(filePath: file))
    for (path, rights) in [(folder, folderRights), (file, fileRights)] {
      try FileManager.default.setAttributes([.posixPermissions: rights], ofItemAtPath: path)
    }
    #expect(ClusterMark.text(in: folder) == known)
  }

  @Test("a link to such a file does not count")
  func link() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let other = folder + "/other"
    #expect(
      FileManager.default.createFile(
        atPath: other, contents: Data("a-text".utf8), attributes: [.posixPermissions: 0o600]))
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/\(ClusterMark.file)", withDestinationPath: other)
    #expect(ClusterMark.text(in: folder) == nil)
  }
}
