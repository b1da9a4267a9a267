/// A format of tables that keeps books beside the data files: which of these are rows of the table, and
/// which rows in them are deleted.
package enum OpenTableFormat: String, Sendable, CaseIterable {
  case delta, iceberg, hudi

  /// The name in messages.
  var title: String {
    switch self {
    case .delta: "Delta"
    case .iceberg: "Iceberg"
    case .hudi: "Hudi"
    }
  }

  /// What tells the format, from the table's folder on.
  var mark: String {
    switch self {
    case .delta: "_delta_log"
    case .iceberg: "metadata/*.metadata.json"
    case .hudi: ".hoodie"
    }
  }

  /// Whether a file that is one of the ``files`` of some format is one of this format's, by its folder.
  package func hasBook(_ path: String) -> Bool {
    let folder = PathNames.last(PathNames.parent(path) ?? "")
    return switch self {
    case .delta: folder == "_delta_log"
    case .iceberg: folder == "metadata"
    case .hudi: folder == ".hoodie"
    }
  }

  /// A pattern for files that every table of the format has, from the table's folder on.
  package var files: String {
    switch self {
    case .delta: "_delta_log/*.json"
    case .iceberg: "metadata/[v0-9]*.metadata.json*"
    case .hudi: ".hoodie/hoodie.properties"
    }
  }

  /// Whether Iceberg calls a file so in which it describes a table: `v3.metadata.json`,
  /// `00002-8a2e115c.metadata.json`, or those with `.gz` at either place.
  static func isMetadata(_ name: String) -> Bool {
    guard name.hasSuffix(".metadata.json") || name.hasSuffix(".metadata.json.gz") else {
      return false
    }
    let number = name.hasPrefix("v") ? name.dropFirst() : name[...]
    return number.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
  }
}

/// A folder that is a table of an ``OpenTableFormat``. Read as plain files, it would give deleted and
/// overwritten rows too; plain files that are written to it are no rows of it.
package struct OpenTable: Sendable, Equatable {
  package let format: OpenTableFormat
  /// The table's folder: a path in its store, or what users write.
  package var location: String

  package init(_ format: OpenTableFormat, _ location: String) {
    self.format = format
    self.location = location
  }
}
