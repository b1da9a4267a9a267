import FoundationEssentials
import Glibc
import HostProcesses
import NativeLibraries

/// The folder of the cluster on this machine: this user has one. It belongs to this user alone, for who can
/// write there or read the secrets runs programs as this user.
struct ClusterFolder: Sendable {
  let path: String

  /// Beside what else processes of this user share.
  static var ofUser: ClusterFolder { ClusterFolder(path: ClusterMark.folder) }

  /// The variable that all of the cluster's processes have, and those that they start: executors, Python, this
  /// program. Its value is the folder.
  static let variable = "NEEDLETAIL_SPARK_FOLDER"

  private var recordFile: String { path + "/cluster.json" }

  func log(of role: String) -> SparkLog { SparkLog(path: "\(path)/\(role).log") }

  // MARK: What is noted

  func record() -> ClusterRecord? {
    guard let bytes = FileSystem.contents(of: recordFile, limit: 1 << 20) else { return nil }
    return try? JSONDecoder().decode(ClusterRecord.self, from: Data(bytes))
  }

  /// A reader sees the old contents or the new ones.
  func write(_ record: ClusterRecord) throws {
    try write(String(decoding: JSONEncoder().encode(record), as: UTF8.self), to: "cluster.json")
  }

  /// Writes a file that only this user can read, and which is never seen half written.
  @discardableResult
  func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
    let file = "\(path)/\(name)"
    let new = file + ".new"
    // Made anew: the rights of one that is there would stay.
    try? FileManager.default.removeItem(atPath: new)
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: mode]
    guard
      FileManager.default.createFile(
        atPath: new, contents: Data(text.utf8), attributes: attributes),
      rename(new, file) == 0
    else {
      throw NeedletailError(
        .localSpark, "\(file) cannot be written: \(String(cString: strerror(errno)))")
    }
    return file
  }

  func makeFolder(_ name: String) throws -> String {
    let folder = "\(path)/\(name)"
    try UserFolder.make(folder)
    return folder
  }

  // MARK: The lock

  /// Does `body` while no other process starts or stops the cluster.
  func locked<Result>(_ body: () async throws -> Result) async throws -> Result {
    try UserFolder.make()
    while true {
      if let lock = try FolderLock.of(path) {
        let result = try await body()
        _ = consume lock
        return result
      }
      try await Activity.during("waiting for another needletail spark start or stop") {
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  // MARK: The end

  /// Removes all that is in it, but not the folder, which is locked.
  func empty() {
    for name in FileSystem.entries(of: path) where name != "." && name != ".." {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// The processes that belong to it, also those of which nothing was noted.
  func processes() -> [ProcessIdentity] {
    let mark = Data("\(Self.variable)=\(path)".utf8)
    return ProcessTable.entries().compactMap { entry in
      guard !entry.hasEnded, let variables = ProcFile.data("/proc/\(entry.pid)/environ"),
        variables.split(separator: 0).contains(where: { $0 == mark })
      else { return nil }
      return ProcessIdentity(entry)
    }
  }
}
