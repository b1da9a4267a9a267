import NativeLibraries

/// The folder of temporary files, from which a local Spark starts workers and PyTorch's packages are
/// opened.
struct TemporaryFolderCheck: Check {
  let key = "temporary-folder"
  let name = "Temporary folder"
  let remedy = "Name a folder on another disk: export TMPDIR=/path/of/a/folder"
  let look: @Sendable () -> FolderFacts

  private static let leastFree: Int64 = 1 << 30

  func run() async throws -> Finding {
    let folder = look()
    var facts = ["path": folder.path, "executable": "\(folder.isExecutable)"]
    facts["free"] = folder.free.map { "\($0)" }
    if let problem = folder.problem {
      return .fail("\(folder.path) cannot be written: \(problem)", facts)
    }
    guard folder.isExecutable else {
      return .fail(
        "programs in \(folder.path) cannot be started (its file system is mounted with noexec), so a "
          + "local Spark has no workers, and models compiled by PyTorch cannot be opened",
        remedy:
          "Name a folder on another file system: export TMPDIR=/path/of/a/folder; or, as root: "
          + "mount -o remount,exec \(folder.path)", facts)
    }
    let free = folder.free.map { ", \(sizeText($0)) free" } ?? ""
    let text = "\(folder.path), writable and executable\(free)"
    if let free = folder.free, free < Self.leastFree {
      return .warn(
        text,
        remedy:
          "Make room there, or name a folder on another disk: export TMPDIR=/path/of/a/folder",
        facts)
    }
    return .ok(text, facts)
  }
}

extension FolderFacts {
  /// The folder of temporary files.
  static func ofTemporaryFiles() -> FolderFacts { of(FileSystem.temporaryDirectory) }
}
