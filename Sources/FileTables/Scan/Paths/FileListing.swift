import ArrowIPC
import SparkTypes

/// A file of a table.
struct ScanFile: Sendable {
  /// As users write it.
  var location: String
  /// In its store.
  var path: String
  var store: FileStore
  var length: Int64
  /// Nanoseconds since 1970.
  var modified: Int64
  /// The folder that it lies in, in the store.
  var folder: String
  /// Whether it is a path that was given, or lies in one itself and not in a folder within.
  var isDirect: Bool
  /// What the names of its folders say, in the order of the partition columns.
  var partition: [ArrowValue] = []
}

/// The files that paths stand for: files, folders with all that is in them, and patterns.
struct FileListing {
  /// Files of data and of Parquet's metadata, sorted by location; those of paths that are given twice, or
  /// lie in each other, are there twice.
  private(set) var files: [ScanFile] = []
  /// The paths that were given, in their stores: locations may have options of the store behind them.
  private(set) var paths: [String] = []
  /// Where the table begins, for the discovery of partitions: folders in the store.
  private(set) var bases: Set<String> = []
  private var openTables = OpenTables()

  /// - Parameter options: `basePath`, `pathGlobFilter`, `recursiveFileLookup`.
  init(_ paths: [String], options: FileOptions) throws(FileTableError) {
    if paths.isEmpty {
      throw FileTableError(.invalidOption, "no path is given; name a file, a folder or a pattern")
    }
    try options.refuse(
      ["modifiedBefore", "modifiedAfter", "datetimeRebaseMode", "int96RebaseMode"], of: "files")
    for name in ["ignoreMissingFiles", "ignoreCorruptFiles"] {
      if try options.boolean(name, default: false) { try options.refuse([name], of: "files") }
    }
    let filter: GlobPattern?
    if let text = options.text("pathGlobFilter") {
      filter = try GlobPattern(text)
    } else {
      filter = nil
    }
    var roots: [String] = []
    for path in paths {
      let (store, inner) = try Self.opened(path)
      self.paths.append(inner)
      for entry in try Self.roots(path, inner, store) {
        let rootPath = PathNames.trimmed(entry.path)
        roots.append(rootPath)
        let isFile = !entry.isFolder
        bases.insert(isFile ? PathNames.parent(rootPath) ?? "" : rootPath)
        let entries = isFile ? [entry] : try store.list(rootPath, recursive: true)
        openTables.look(at: entry, of: inner, in: store, entries)
        for entry in entries where !entry.isFolder {
          let isVisible =
            isFile
            ? !PathNames.isHidden(PathNames.last(entry.path))
            : Self.isVisible(entry.path, below: rootPath)
          guard isVisible, filter?.matches(PathNames.last(entry.path)) ?? true else { continue }
          files.append(
            ScanFile(
              location: store.location(entry.path), path: entry.path, store: store,
              length: entry.length, modified: entry.modified,
              folder: PathNames.parent(entry.path) ?? "",
              isDirect: isFile || PathNames.parent(entry.path) == rootPath))
        }
      }
    }
    files.sort { $0.location < $1.location }
    if let base = options.text("basePath") { try setBase(base, roots) }
  }

  /// The files as a table has them once.
  var distinctFiles: [ScanFile] {
    var seen: Set<ExactName> = []
    return files.filter { seen.insert(ExactName($0.location)).inserted }
  }

  /// Makes sure that the files are all there is to know of the table.
  ///
  /// - Throws: ``FileTableError`` if they are those of a table in a format that counts only some of them.
  func checkIsPlain(_ files: [ScanFile]) throws(FileTableError) {
    guard let (path, table) = openTables.first(with: files) else { return }
    throw FileTableError(.tableFormat, table.readingProblem(path), path: path)
  }

  private mutating func setBase(_ base: String, _ roots: [String]) throws(FileTableError) {
    let (store, path) = try Self.opened(base)
    guard try store.info(path)?.isFolder ?? false else {
      throw FileTableError(
        .invalidOption, "the option basePath is '\(base)', which is no folder", path: base)
    }
    let location = PathNames.trimmed(path)
    if let other = roots.first(where: { !$0.hasPrefix(location) }) {
      throw FileTableError(
        .invalidOption,
        "the option basePath is '\(base)', but '\(other)' does not lie in it; name the folder in which "
          + "the table begins",
        path: other)
    }
    bases = [location]
  }

  private static func opened(
    _ location: String
  ) throws(FileTableError) -> (store: FileStore, path: String) {
    if location.isEmpty {
      throw FileTableError(.invalidOption, "a path is empty; name a file, a folder or a pattern")
    }
    return try FileStore.open(location)
  }

  private static func roots(
    _ location: String, _ path: String, _ store: FileStore
  ) throws(FileTableError) -> [FileEntry] {
    if GlobPattern.isPattern(path) {
      let found = try PathGlob.matches(path, in: store)
      if !found.isEmpty { return found }
      // A file may have such characters in its name.
      if let entry = try store.info(path) { return [entry] }
      throw FileTableError(
        .notFound, "no file matches '\(location)'; check the path and its pattern", path: location)
    }
    if let entry = try store.info(path) { return [entry] }
    throw FileTableError(.notFound, "there is no file or folder '\(location)'", path: location)
  }

  /// Whether neither the file nor a folder between it and the root is hidden.
  private static func isVisible(_ path: String, below root: String) -> Bool {
    let names = path.dropFirst(root.count).split(separator: "/").map(String.init)
    return !names.contains { PathNames.isHidden($0) }
  }
}
