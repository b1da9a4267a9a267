extension OpenTable {
  /// The tables in a listing of all that is in the folder `root`, whose own path is one of a table if
  /// the folder is one.
  static func tables(in entries: [FileEntry], below root: String) -> [OpenTable] {
    var found: [OpenTable] = []
    for entry in entries {
      guard OpenTableFormat.mayMark(entry.path) else { continue }
      let names = entry.path.dropFirst(root.count).split(separator: "/").map(String.init)
      for (index, name) in names.enumerated() {
        let isLast = index == names.count - 1
        let format: OpenTableFormat
        switch name {
        case "_delta_log" where !isLast || entry.isFolder: format = .delta
        case ".hoodie" where !isLast || entry.isFolder: format = .hudi
        case ".hoodie_partition_metadata" where isLast: format = .hudi
        case "metadata"
        where index == names.count - 2 && OpenTableFormat.isMetadata(names[index + 1]):
          format = .iceberg
        default: continue
        }
        let folder = names[..<index].reduce(root) { PathNames.joined($0, $1) }
        let table = OpenTable(format, folder)
        if found.last != table, !found.contains(table) { found.append(table) }
        break
      }
    }
    return found
  }

  /// The table that the folder `path` is, or of which it is a partition or the folder of data.
  ///
  /// - Parameter names: the names of what is in a folder; none if there is no such folder.
  package static func containing<Failure>(
    _ path: String, names: (String) throws(Failure) -> [String]
  ) throws(Failure) -> OpenTable? {
    for (folder, formats) in candidates(path) {
      for format in formats where try format.marks(folder, names) {
        return OpenTable(format, folder.isEmpty ? "." : folder)
      }
    }
    return nil
  }

  /// The folders that may be the table that the folder `path` is, or lies in.
  ///
  /// - Returns: the path itself, those above partitions (`day=1`) for all formats, and the one above `data`
  ///   for Iceberg: nothing else is asked of a store.
  package static func candidates(_ path: String) -> [(folder: String, formats: [OpenTableFormat])] {
    var folder = PathNames.trimmed(path)
    var found = [(folder, OpenTableFormat.allCases)]
    while let parent = PathNames.parent(folder) {
      let name = PathNames.last(folder)
      if name == "data" { found.append((parent, [.iceberg])) }
      guard name.contains("=") else { break }
      found.append((parent, OpenTableFormat.allCases))
      folder = parent
    }
    return found
  }

  /// The table that the folder `path` of a store is, or lies in.
  static func containing(_ path: String, in store: FileStore) -> OpenTable? {
    let found = containing(path) { folder in
      // Who may read a folder may be refused what lies above it, and then nobody here knows of a table.
      guard let entry = try? store.info(folder), entry.isFolder else { return [] }
      return (try? store.list(folder, recursive: false))?.map { PathNames.last($0.path) } ?? []
    }
    return found.map { OpenTable($0.format, store.location($0.location)) }
  }
}

extension OpenTableFormat {
  /// Whether a path can be one of a table's books; most are not, and are not taken apart.
  fileprivate static func mayMark(_ path: String) -> Bool {
    var before: UInt8 = 0
    for byte in path.utf8 {
      if before == UInt8(ascii: "/"), byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") {
        return true
      }
      before = byte
    }
    return path.hasSuffix(".json") || path.hasSuffix(".gz")
  }

  /// Whether the folder has what tells the format.
  fileprivate func marks<Failure>(
    _ folder: String, _ names: (String) throws(Failure) -> [String]
  ) throws(Failure) -> Bool {
    switch self {
    case .delta, .hudi: try !names(PathNames.joined(folder, mark)).isEmpty
    case .iceberg:
      try names(PathNames.joined(folder, "metadata")).contains { Self.isMetadata($0) }
    }
  }
}
