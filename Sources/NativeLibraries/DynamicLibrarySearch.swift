import Glibc

/// Where to look for a native library, in which order.
///
/// A path given by the program, then the library's environment variable, are taken at their word:
/// nothing else is tried. Otherwise the order is: the directories in `NEEDLETAIL_RUNTIMES` (separated
/// by colons), the executable's own directory and `../lib` beside it, the Python environments of
/// `NEEDLETAIL_PYTHON` and `VIRTUAL_ENV`, the one that the executable was installed into, those called
/// `.venv` in the current directory, the executable's directory, or above them, and last the system's
/// loader.
public struct DynamicLibrarySearch: Sendable {
  /// One place to look in.
  public enum Location: Sendable, Hashable {
    /// This file.
    case file(String)
    /// A directory, in which the file name may have a version behind it.
    case directory(String)
    /// The system's loader (`LD_LIBRARY_PATH`, its cache, its default directories).
    case loader(String)
  }

  /// What the search depends on, so that tests can replace it.
  public struct Surroundings: Sendable {
    /// The process's environment variables.
    public var environment: [String: String]
    /// Where relative names begin.
    public var currentDirectory: String
    /// Where the running program lies, `nil` if that is unknown.
    public var executableDirectory: String?

    public init(
      environment: [String: String], currentDirectory: String, executableDirectory: String?
    ) {
      self.environment = environment
      self.currentDirectory = currentDirectory
      self.executableDirectory = executableDirectory
    }
  }

  /// The variable that holds directories with native runtimes.
  public static let runtimesVariable = "NEEDLETAIL_RUNTIMES"

  /// The library's name as messages give it.
  public var library: String
  /// The file's name without a version, such as `libonnxruntime.so`.
  public var fileName: String
  /// The variable that names this library's file or directory.
  public var environmentVariable: String
  /// A file or directory that the program gave.
  public var explicitPath: String?
  /// A directory's name below those of `NEEDLETAIL_RUNTIMES`, such as `onnxruntime`.
  public var folder: String?
  /// The directory of the library below a Python environment's `site-packages`.
  public var pythonDirectory: String?
  /// The name to ask the system's loader for.
  public var loaderName: String?
  /// What to do when the library is missing.
  public var advice: String
  /// What the search depends on; the process's own if `nil`.
  public var surroundings: Surroundings?

  public init(
    library: String, fileName: String, environmentVariable: String, explicitPath: String? = nil,
    folder: String? = nil, pythonDirectory: String? = nil, loaderName: String? = nil,
    advice: String, surroundings: Surroundings? = nil
  ) {
    self.library = library
    self.fileName = fileName
    self.environmentVariable = environmentVariable
    self.explicitPath = explicitPath
    self.folder = folder
    self.pythonDirectory = pythonDirectory
    self.loaderName = loaderName
    self.advice = advice
    self.surroundings = surroundings
  }

  /// The places to look in, the first one first.
  public func locations() -> [Location] {
    let surroundings =
      surroundings
      ?? .process(
        variables: [environmentVariable, Self.runtimesVariable] + PythonEnvironments.variables)
    let environment = surroundings.environment
    for path in [explicitPath, environment[environmentVariable]] {
      if let path, !path.isEmpty { return Self.locations(named: path) }
    }
    var locations: [Location] = []
    let runtimes = environment[Self.runtimesVariable] ?? ""
    for directory in runtimes.split(separator: ":").map(String.init) {
      locations.append(.directory(directory))
      if let folder {
        locations += [
          .directory("\(directory)/\(folder)"), .directory("\(directory)/\(folder)/lib"),
        ]
      }
    }
    if let directory = surroundings.executableDirectory {
      locations += [.directory(directory), .directory("\(directory)/../lib")]
    }
    if let pythonDirectory {
      let starts = [surroundings.currentDirectory, surroundings.executableDirectory]
      let environments = PythonEnvironments.folders(
        environment, above: starts.compactMap(\.self), program: surroundings.executableDirectory)
      for path in environments {
        locations += PythonEnvironments.packages(of: path).map {
          .directory("\($0)/\(pythonDirectory)")
        }
      }
      if environments.isEmpty {
        locations.append(
          .directory(
            "\(surroundings.currentDirectory)/.venv/lib/python3*/site-packages/\(pythonDirectory)"))
      }
    }
    if let loaderName { locations.append(.loader(loaderName)) }
    var seen: Set<Location> = []
    return locations.filter { seen.insert($0).inserted }
  }

  /// The first file that a place on disk holds, whether or not it can be opened; `nil` if only the
  /// system's loader could find one.
  public func locateFile() -> String? {
    for location in locations() {
      if case .loader = location { continue }
      if let path = location.candidates(fileName: fileName).first { return path }
    }
    return nil
  }

  /// The files of `directory` whose names begin and end like this, in alphabetical order.
  public static func files(in directory: String, prefix: String, suffix: String) -> [String] {
    let names = FileSystem.entries(of: directory)
    return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted().map {
      "\(directory)/\($0)"
    }
  }

  /// `file` and those beside it whose names begin and end like one of `companions`; nothing for `nil`.
  package static func files(
    _ file: String?, with companions: [(prefix: String, suffix: String)]
  ) -> [String] {
    guard let file, let slash = file.lastIndex(of: "/") else { return [] }
    let directory = String(file[..<slash])
    return [file]
      + companions.flatMap { files(in: directory, prefix: $0.prefix, suffix: $0.suffix) }
  }

  /// A path that somebody gave: a directory to look in and in its `lib`, a file, or a bare name.
  private static func locations(named path: String) -> [Location] {
    if FileSystem.isDirectory(path) { return [.directory(path), .directory("\(path)/lib")] }
    if path.contains("/") { return [.file(path)] }
    // The loader takes a name without a slash for a library of the system.
    return FileSystem.isFile(path) ? [.file("./\(path)")] : [.loader(path)]
  }
}

extension DynamicLibrarySearch.Location {
  /// The existing files to try, the highest version first; a loader's name as it is.
  func candidates(fileName: String) -> [String] {
    switch self {
    case .file(let path): return FileSystem.isFile(path) ? [path] : []
    case .loader(let name): return [name]
    case .directory(let directory):
      let versions = FileSystem.entries(of: directory).compactMap { entry -> (String, [Int])? in
        guard entry.hasPrefix(fileName) else { return nil }
        let parts = entry.dropFirst(fileName.count).split(
          separator: ".", omittingEmptySubsequences: false)
        // Nothing, or ".1.32.0": an empty first part and numbers.
        let numbers = parts.dropFirst().compactMap { Int($0) }
        guard parts.first?.isEmpty ?? true, numbers.count == max(parts.count - 1, 0) else {
          return nil
        }
        return ("\(directory)/\(entry)", numbers)
      }
      return versions.sorted { $1.1.lexicographicallyPrecedes($0.1) }.map { $0.0 }
    }
  }

  /// The place for messages.
  func pattern(fileName: String) -> String {
    switch self {
    case .file(let path): path
    case .directory(let path): "\(path)/\(fileName)*"
    case .loader(let name): name
    }
  }
}

extension DynamicLibrarySearch.Surroundings {
  /// Those of this process, with the environment variables called `variables`.
  public static func process(variables: [String]) -> Self {
    var environment: [String: String] = [:]
    for name in variables {
      if let value = getenv(name) { environment[name] = String(cString: value) }
    }
    let executable = FileSystem.target(ofLink: "/proc/self/exe")
    return Self(
      environment: environment, currentDirectory: FileSystem.currentDirectory,
      executableDirectory: executable.flatMap { path in
        path.lastIndex(of: "/").map { String(path[..<$0]) }
      })
  }
}
