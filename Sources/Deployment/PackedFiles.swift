import FoundationEssentials
import Glibc
import HostProcesses

/// The packed files of programs, kept in a folder of this user: the libraries of a program are the same
/// in its next build, and packing them takes longer than all else.
struct PackedFiles: Sendable {
  let folder: String

  /// How long a file is kept that nobody uses.
  private static let age: TimeInterval = 14 * 86_400

  /// `nil` where this user can keep nothing.
  static func ofThisUser() -> PackedFiles? {
    (try? UserFolder.makeFolder("packed")).map { PackedFiles(folder: $0) }
  }

  /// The packed `file`: as it was kept, or packed with gzip's `level` and kept.
  ///
  /// - Throws: ``NeedletailError`` if zlib refuses.
  func packed(_ file: ProgramPackage.File, level: Int32) throws -> Data {
    let key = Data(file.identity.utf8).shortHash
    if let kept = kept(key) { return kept }
    let packed = try file.packed(level: level)
    keep(packed, key)
    return packed
  }

  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  /// What was kept under `key`, unless it was damaged since: its name tells the hash, too.
  private func kept(_ key: String) -> Data? {
    for name in names where name.hasPrefix(key + "-") {
      let path = "\(folder)/\(name)"
      if let data = FileManager.default.contents(atPath: path),
        name == "\(key)-\(data.shortHash).gz"
      {
        utimes(path, nil)
        return data
      }
      unlink(path)
    }
    return nil
  }

  /// Keeps `packed` under `key` if there is room, and removes what is old.
  private func keep(_ packed: Data, _ key: String) {
    let path = "\(folder)/\(key)-\(packed.shortHash).gz"
    try? packed.write(to: URL(fileURLWithPath: path), options: .atomic)
    FolderAge.removeFiles(in: folder, olderThan: Self.age)
  }
}
