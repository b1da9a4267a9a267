/// The tables in formats with books of their own that a listing meets.
struct OpenTables {
  /// Those that a path that was given is or lies in, with that path as users write it.
  private var given: [(path: String, table: OpenTable)] = []
  /// Those that lie somewhere in a folder that was given.
  private var inner: [(store: FileStore, table: OpenTable)] = []
  /// The folders whose surroundings were looked at.
  private var seen: Set<String> = []

  /// A pattern may stand for files in any number of folders, and a store is asked about each.
  private static let mostFolders = 64

  /// Looks at a path, and at what lies around it.
  ///
  /// - Parameters:
  ///   - path: what was given, perhaps a pattern that stands for the root among others.
  ///   - entries: all that is in the root, if it is a folder.
  mutating func look(
    at root: FileEntry, of path: String, in store: FileStore, _ entries: [FileEntry]
  ) {
    let own = PathNames.trimmed(root.path)
    if root.isFolder {
      for var table in OpenTable.tables(in: entries, below: own) {
        if table.location == own {
          table.location = store.location(own)
          given.append((table.location, table))
        } else {
          inner.append((store, table))
        }
      }
    } else if root.path == path {
      // A single file that is named is the user's choice.
      return
    }
    // What is in a folder was seen.
    if root.isFolder, OpenTable.candidates(own).count == 1 { return }
    let parent = PathNames.parent(own) ?? ""
    let key = !root.isFolder ? parent : PathNames.last(own) == "data" ? own : parent + "/*"
    guard store.isLocal || seen.count < Self.mostFolders, seen.insert(key).inserted else { return }
    if let table = OpenTable.containing(root.isFolder ? own : parent, in: store) {
      given.append((store.location(own), table))
    }
  }

  /// The first one of which files are read, or which was given itself.
  func first(with files: [ScanFile]) -> (path: String, table: OpenTable)? {
    if let first = given.first { return first }
    if inner.isEmpty { return nil }
    for file in files {
      for (store, table) in inner
      where file.store === store && file.path.hasPrefix(table.location + "/") {
        let location = store.location(table.location)
        return (location, OpenTable(table.format, location))
      }
    }
    return nil
  }
}
