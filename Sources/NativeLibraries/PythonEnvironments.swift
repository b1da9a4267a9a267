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
  /// `VIRTUAL_ENV`, the one that the program was installed into, and those called `.venv` in the
  /// folders `starts` and above them.
  ///
  /// - Parameter program: the folder that the program lies in, `nil` if that is unknown. `pip install`
  ///   puts it into `ENVIRONMENT/bin`. A Python that is no virtual environment, such as the system's,
  ///   belongs to all programs in its folder and comes last.
  package static func folders(
    _ environment: [String: String], above starts: [String], program: String? = nil
  ) -> [String] {
    var folders: [String] = []
    // ENVIRONMENT/bin/python
    if let python = environment[Self.python], !python.isEmpty {
      let path = python.hasPrefix("/") ? python : "\(FileSystem.currentDirectory)/\(python)"
      if let bin = parent(of: path), let folder = parent(of: bin) { folders.append(folder) }
    }
    if let active = environment[Self.active], !active.isEmpty { folders.append(active) }
    let own = program.flatMap { parent(of: $0) }
    if let own, FileSystem.isFile("\(own)/pyvenv.cfg") { folders.append(own) }
    for start in starts {
      var current: String? = start
      while let folder = current {
        let candidate = folder == "/" ? "/.venv" : "\(folder)/.venv"
        if FileSystem.isDirectory(candidate) { folders.append(candidate) }
        current = parent(of: folder)
      }
    }
    if let own, !packages(of: own).isEmpty { folders.append(own) }
    var seen: Set<String> = []
    return folders.filter { seen.insert($0).inserted }
  }

  /// The folders with the packages of the environment in `folder`, of the newest Python first. Debian's
  /// Python has `dist-packages` for those of the system.
  package static func packages(of folder: String) -> [String] {
    let prefix = "python3"
    let versions = FileSystem.entries(of: "\(folder)/lib").filter { $0.hasPrefix(prefix) }
    func minor(_ name: String) -> Int { Int(name.dropFirst(prefix.count + 1)) ?? 0 }
    return versions.sorted { (minor($0), $0) > (minor($1), $1) }.flatMap { version in
      let libraries = "\(folder)/lib/\(version)"
      let system = "\(libraries)/dist-packages"
      return ["\(libraries)/site-packages"] + (FileSystem.isDirectory(system) ? [system] : [])
    }
  }

  /// The folder that the file or folder at `path` is in; `nil` for the root and relative paths.
  private static func parent(of path: String) -> String? {
    guard path.hasPrefix("/"), path != "/", let slash = path.lastIndex(of: "/") else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
