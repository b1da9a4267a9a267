import Glibc

/// The files that Spark keeps for the session on this executor: the folder that it started this
/// process in, and the program itself, where it was uploaded.
struct SessionFiles {
  private let folder: String?

  init() {
    let path = getcwd(nil, 0)
    defer { free(path) }
    folder = path.map { String(cString: $0) }
  }

  /// Whether Spark has removed them, since the session is over.
  var areGone: Bool {
    isMissing(Executable.path) || folder.map(isMissing) ?? false
  }

  private func isMissing(_ path: String) -> Bool {
    access(path, F_OK) != 0 && errno == ENOENT
  }
}
