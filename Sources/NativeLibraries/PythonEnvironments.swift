/// The Python environments of this machine whose packages have what Needletail uses: runtimes, and
/// Spark.
package enum PythonEnvironments {
  /// The variable that names a Python, by its executable.
  private static let python = "NEEDLETAIL_PYTHON"
  /// The variable that an activated environment sets.
  private static let active = "VIRTUAL_ENV"

  /// The variables that are looked at.
  package static let variables = [python, active]

  /// Their folders, in the order in which they are looked into: that of `NEEDLETAIL_PYTHON`, that of
  /// `VIRTUAL_ENV`, and those called `.venv` in the folders `starts` and above them.
  package static func folders(
    _ environment: [String: String], above starts: [String]
  ) -> [String] {
    var folders: [String] = []
    // ENVIRONMENT/bin/python
    if let python = environment[Self.python], !python.isEmpty {
      let path = python.hasPrefix("/") ? python : "\(FileSystem.currentDirectory)/\(python)"
      if let bin = parent(of: path), let folder = parent(of: bin) { folders.append(folder) }
    }
    if let active = environment[Self.active], !active.isEmpty { folders.append(active) }
    for start in starts {
      var current: String? = start
      while let folder = current {
        let candidate = folder == "/" ? "/.venv" : "\(folder)/.venv"
        if FileSystem.isDirectory(candidate) { folders.append(candidate) }
        current = parent(of: folder)
      }
    }
    var seen: Set<String> = []
    return folders.filter { seen.insert($0).inserted }
  }

  /// The folders with the packages of the environment in `folder`, of the newest Python first.
  package static func packages(of folder: String) -> [String] {
    let prefix = "python3"
    let versions = FileSystem.entries(of: "\(folder)/lib").filter { $0.hasPrefix(prefix) }
    func minor(_ name: String) -> Int { Int(name.dropFirst(prefix.count + 1)) ?? 0 }
    return versions.sorted { (minor($0), $0) > (minor($1), $1) }.map {
      "\(folder)/lib/\($0)/site-packages"
    }
  }

  /// The folder that the file or folder at `path` is in; `nil` for the root and relative paths.
  private static func parent(of path: String) -> String? {
    guard path.hasPrefix("/"), path != "/", let slash = path.lastIndex(of: "/") else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
