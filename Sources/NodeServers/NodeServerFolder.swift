import FoundationEssentials
import Glibc
import HostProcesses
import NativeLibraries

/// The folder of one server on its machine: what it was started for, how it does, and its files.
///
/// Tasks, which may run in several processes, and the server's supervisor meet here.
struct NodeServerFolder: Sendable, Hashable {
  let path: String

  /// What a supervisor tells of its server.
  struct Status: Sendable, Hashable, Codable {
    enum Phase: String, Sendable, Codable {
      case starting, ready, failed
    }

    var phase: Phase
    var supervisor: ProcessIdentity
    var addresses: ServerAddresses?
    /// Why there is no server.
    var message: String?
  }

  var lease: Lease { Lease(path: path + "/lease") }
  /// What the server writes.
  var log: String { path + "/server.log" }
  /// What the supervisor writes.
  var supervisorLog: String { path + "/supervisor.log" }

  private var statusFile: String { path + "/status.json" }
  private var orderFile: String { path + "/order.json" }
  private var usersFolder: String { path + "/users" }
  /// Beside the folder, which comes and goes.
  private var lockFile: String { path + ".lock" }

  // MARK: Places

  /// The folder of the server `name` of the set `set`.
  static func of(set: String, name: String) -> NodeServerFolder {
    NodeServerFolder(path: "\(UserFolder.path)/\(set)-\(name)")
  }

  /// The folders of all servers of a set on this machine.
  static func all(ofSet set: String) -> [NodeServerFolder] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: UserFolder.path)) ?? []
    return names.filter { $0.hasPrefix(set + "-") && !$0.hasSuffix(".lock") }.sorted()
      .map { NodeServerFolder(path: "\(UserFolder.path)/\($0)") }
  }

  // MARK: Contents

  var exists: Bool { FileManager.default.fileExists(atPath: path) }

  /// Makes the folder anew.
  func create() throws {
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(
      atPath: usersFolder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
  }

  /// Removes the folder with all that is in it.
  func remove() {
    try? FileManager.default.removeItem(atPath: path)
    unlink(lockFile)
  }

  /// Notes that the server is for `process`, too.
  func register(_ process: ProcessIdentity) throws {
    let file = open(usersFolder + "/\(process)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw NeedletailError(
        .nodeServers,
        "\(usersFolder) cannot be written to: \(String(cString: strerror(errno)))")
    }
    close(file)
  }

  /// The processes that the server is for.
  func users() -> [ProcessIdentity] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: usersFolder)) ?? []
    return names.compactMap { ProcessIdentity($0) }
  }

  var status: Status? { Self.read(statusFile) }

  func write(_ status: Status) throws { try Self.write(status, to: statusFile) }

  func order<Order: Decodable>() -> Order? { Self.read(orderFile) }

  func write(order: some Encodable) throws { try Self.write(order, to: orderFile) }

  static func read<Value: Decodable>(_ file: String) -> Value? {
    FileManager.default.contents(atPath: file).flatMap {
      try? JSONDecoder().decode(Value.self, from: $0)
    }
  }

  /// A reader sees the old contents or the new ones.
  static func write(_ value: some Encodable, to file: String) throws {
    try JSONEncoder().encode(value).write(to: URL(filePath: file), options: .atomic)
  }

  /// The last lines of the server's log, as much as fits in a message.
  func logTail() -> String {
    guard let text = FileSystem.contents(of: log, last: 4096) else { return "(it has no log)" }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").suffix(30)
    return lines.isEmpty ? "(its log is empty)" : lines.joined(separator: "\n")
  }

  // MARK: Locking

  /// Runs `body` while no other process of this machine does the same for this folder.
  ///
  /// - Throws: ``NeedletailError`` if the lock is not had by `deadline`; what `body` throws.
  func locked<Result>(
    until deadline: ContinuousClock.Instant, _ body: () async throws -> Result
  ) async throws -> Result {
    try UserFolder.make()
    while true {
      let file = open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard file >= 0 else {
        throw NeedletailError(
          .nodeServers, "\(lockFile) cannot be made: \(String(cString: strerror(errno)))")
      }
      defer { close(file) }
      while flock(file, LOCK_EX | LOCK_NB) != 0 {
        guard ContinuousClock.now < deadline else {
          throw NeedletailError(
            .nodeServers,
            "another task starts the server of \(path) and does not get done; see \(supervisorLog)")
        }
        try await Task.sleep(for: .milliseconds(50))
      }
      // Somebody may have removed the file since it was opened: the lock would be nobody's.
      var (opened, named) = (stat(), stat())
      guard fstat(file, &opened) == 0, stat(lockFile, &named) == 0, opened.st_ino == named.st_ino
      else { continue }
      return try await body()
    }
  }
}
