import FoundationEssentials
import Glibc
import HostProcesses
import Texts

/// Programs that lie unpacked on a machine for all sessions of a user: a folder of this user alone, in
/// the form that ``ProgramLauncher`` describes, which also keeps them there.
struct ProgramCache: Sendable {
  let path: String

  /// What names another folder than that of temporary files, or says `none`.
  static let variable = "NEEDLETAIL_CACHE"

  init(path: String) { self.path = path }

  /// The cache of this machine; `nil` if the user wants none.
  init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let named = [environment[Self.variable], environment["TMPDIR"], "/tmp"]
    guard let folder = named.lazy.compactMap({ $0 }).first(where: { !$0.isEmpty }),
      folder != "none", folder.hasPrefix("/")
    else { return nil }
    path = "\(folder)/needletail-\(getuid())/programs"
  }

  /// The folder with the files of `package`, which are put there if need be.
  ///
  /// - Throws: ``NeedletailError`` if the folder cannot hold them, or programs cannot be started from it.
  func folder(of package: ProgramPackage) throws -> String {
    // Whoever else could write there would have us run their programs.
    try UserFolder.make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try UserFolder.make(path)
    if let folder = unpacked(package) { return folder }
    var template = Array("\(path)/\(package.id).XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw failure("a folder in it cannot be made") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
      try fill(folder, package)
      // Somebody may have done the same meanwhile.
      if let other = unpacked(package) {
        try? FileManager.default.removeItem(atPath: folder)
        return other
      }
      try publish(folder, package)
    } catch {
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
    CacheCleaning().start(path)
    return folder
  }

  /// The folder in which `package` lies as it was unpacked; `nil` if there is none, or it was changed.
  func unpacked(_ package: ProgramPackage) -> String? {
    let entry = "\(path)/\(package.id)"
    guard let text = FileManager.default.contents(atPath: entry) else { return nil }
    let parts = String(decoding: text, as: UTF8.self)
      .split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].hasPrefix(package.id + "."), !parts[0].contains("/"),
      let state = Self.state(of: package, in: "\(path)/\(parts[0])"), parts[1] == state + "\n"
    else { return nil }
    // By its time the entry is known to be in use.
    utimes(entry, nil)
    return "\(path)/\(parts[0])"
  }

  private func fill(_ folder: String, _ package: ProgramPackage) throws {
    for file in package.files {
      let url = URL(fileURLWithPath: "\(folder)/\(file.name)")
      do {
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try file.image.contents.write(to: url)
      } catch {
        throw NeedletailError(
          .packaging, "\(url.path) cannot be written: \(error.reason)", cause: error)
      }
      guard chmod(url.path, 0o700) == 0 else { throw failure("\(url.path) cannot be changed") }
    }
    // The system also refuses where the file system is mounted so that nothing in it runs.
    guard access("\(folder)/\(package.programFile)", X_OK) == 0 else {
      throw failure("programs in it cannot be started")
    }
  }

  private func publish(_ folder: String, _ package: ProgramPackage) throws {
    guard let state = Self.state(of: package, in: folder) else {
      throw failure("files in it vanished")
    }
    let entry = "\(folder)/entry"
    let name = URL(fileURLWithPath: folder).lastPathComponent
    do {
      try Data("\(name)\n\(state)\n".utf8).write(to: URL(fileURLWithPath: entry))
    } catch {
      throw NeedletailError(.packaging, "\(entry) cannot be written: \(error.reason)", cause: error)
    }
    guard rename(entry, "\(path)/\(package.id)") == 0 else {
      throw failure("\(entry) cannot be renamed")
    }
  }

  /// What is known of each file of `package` in `folder` without reading it; `nil` if one is missing.
  private static func state(of package: ProgramPackage, in folder: String) -> String? {
    var lines: [String] = []
    for file in package.files {
      var status = stat()
      guard lstat("\(folder)/\(file.name)", &status) == 0 else { return nil }
      lines.append(
        "\(file.name) \(status.st_size) \(status.st_ino) \(status.st_mtim.tv_sec) "
          + "\(status.st_ctim.tv_sec)")
    }
    return lines.joined(separator: "\n")
  }

  /// An error with the last system call's reason.
  private func failure(_ what: String) -> NeedletailError {
    let reason = String(cString: strerror(errno))
    return NeedletailError(
      .packaging,
      "the cache of programs \(path): \(what): \(reason); name another folder in \(Self.variable)")
  }
}
