import Foundation
import Glibc
import HostProcesses
import Testing

/// The folder that processes of one user share is refused where others could write into it.
struct UserFolderTests {
  @Test("a new one is this user's alone, and is taken again")
  func new() throws {
    let path = "/tmp/needletail-\(UUID().uuidString)"
    defer { rmdir(path) }
    try UserFolder.make(path)
    try UserFolder.make(path)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
  }

  @Test("one that cannot be made, and one that is open to others")
  func refusals() throws {
    let open = "/tmp/needletail-\(UUID().uuidString)"
    mkdir(open, 0o700)
    chmod(open, 0o755)
    defer { rmdir(open) }
    for (path, text) in [
      (
        "/no/such/folder", "/no/such/folder cannot be made: No such file or directory; name another"
      ),
      (open, "\(open) must be a folder of this user that others cannot enter; remove it"),
    ] {
      let error = try #require(throws: NeedletailError.self) { try UserFolder.make(path) }
      #expect(error.code == .userFolder && error.message.hasPrefix(text))
    }
  }
}
