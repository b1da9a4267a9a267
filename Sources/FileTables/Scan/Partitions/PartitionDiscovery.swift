import ArrowIPC
import SparkTypes

/// The partitions that the folders of a table are, named `column=value` (Hive's layout), with the
/// types and the refusals of Spark's `PartitioningUtils`.
struct PartitionDiscovery {
  /// The columns of partitions; none if the table has no such folders.
  private(set) var schema = StructType([])
  /// The values of each folder that has files, in the columns' order.
  private(set) var values: [ExactName: [ArrowValue]] = [:]

  /// - Parameters:
  ///   - folders: those that have files of data, in their store.
  ///   - bases: where the table begins; names above are not looked at.
  ///   - given: the schema that the user gave, whose types win.
  init(
    folders: [String], bases: Set<String>, given: StructType?, infersTypes: Bool, zone: ZoneRules
  ) throws(FileTableError) {
    var found: [(folder: String, columns: [(name: String, value: PartitionValue)])] = []
    var roots: [String] = []
    for folder in folders.sorted() {
      let (columns, root) = try Self.columns(of: folder, bases: bases)
      if let root { roots.append(root) }
      if !columns.isEmpty { found.append((folder, columns)) }
    }
    guard let first = found.first else { return }
    try Self.checkRoots(roots)
    try Self.checkNames(found)
    var fields: [StructField] = []
    for (index, column) in first.columns.enumerated() {
      if let field = given?[column.name] {
        fields.append(StructField(field.name, field.type))
        continue
      }
      let types = found.map { entry -> DataType in
        let value = entry.columns[index].value
        if infersTypes { return value.inferredType(zone: zone) }
        return value.raw == PathEscapes.null ? .null : .string
      }
      let type = types.dropFirst().reduce(types[0]) { PartitionValue.common($0, $1) }
      fields.append(StructField(column.name, type))
    }
    schema = StructType(fields)
    for entry in found {
      var values: [ArrowValue] = []
      for (field, column) in zip(fields, entry.columns) {
        guard let value = column.value.value(as: field.type, zone: zone) else {
          throw FileTableError(
            .schema,
            "the folder '\(entry.folder)' has the value '\(column.value.raw)' of the partition column "
              + "'\(field.name)', which is no \(field.type); name the folder otherwise, or give the "
              + "column another type",
            path: entry.folder)
        }
        values.append(value)
      }
      self.values[ExactName(entry.folder)] = values
    }
  }

  /// The columns that the names of a folder and those above it tell, and where they begin.
  private static func columns(
    of folder: String, bases: Set<String>
  ) throws(FileTableError) -> (columns: [(name: String, value: PartitionValue)], root: String?) {
    var columns: [(name: String, value: PartitionValue)] = []
    var current = folder
    while true {
      let name = PathNames.last(current)
      if name.lowercased() == "_temporary" { return ([], nil) }
      if bases.contains(current) { break }
      let column = try column(name, folder: folder)
      if let column { columns.append(column) }
      guard let parent = PathNames.parent(current), column != nil || columns.isEmpty else { break }
      current = parent
    }
    return (columns.reversed(), columns.isEmpty ? folder : current)
  }

  private static func column(
    _ name: String, folder: String
  ) throws(FileTableError) -> (name: String, value: PartitionValue)? {
    guard let equals = name.firstIndex(of: "=") else { return nil }
    let column = PathEscapes.unescaped(String(name[..<equals]))
    let value = String(name[name.index(after: equals)...])
    if column.isEmpty || value.isEmpty {
      throw FileTableError(
        .schema,
        "the folder '\(folder)' has a part '\(name)' with no \(column.isEmpty ? "name" : "value") of a "
          + "partition column; folders of partitions are named column=value",
        path: folder)
    }
    return (column, PartitionValue(value))
  }

  private static func checkRoots(_ roots: [String]) throws(FileTableError) {
    var seen: Set<ExactName> = []
    let distinct = roots.filter { seen.insert(ExactName(folding: $0)).inserted }
    if distinct.count < 2 { return }
    throw FileTableError(
      .schema,
      "the folders of partitions begin in several places: \(distinct.prefix(5).joined(separator: ", "))"
        + "\(distinct.count > 5 ? ", ..." : ""). Data files may only lie in the innermost folders; if "
        + "these paths are partitions of one table, say where it begins with the option basePath; if "
        + "they are several tables, read them one by one",
      path: distinct.first)
  }

  private static func checkNames(
    _ found: [(folder: String, columns: [(name: String, value: PartitionValue)])]
  ) throws(FileTableError) {
    let names = found.map { $0.columns.map { ExactName(folding: $0.name) } }
    guard let index = names.firstIndex(where: { $0 != names[0] }) else { return }
    func text(_ index: Int) -> String {
      "'\(found[index].folder)' (\(found[index].columns.map(\.name).joined(separator: ", ")))"
    }
    throw FileTableError(
      .schema,
      "the names of partition columns conflict: \(text(0)) and \(text(index)). Data files may only lie "
        + "in the innermost folders, and all folders of one level must have the same column's name",
      path: found[index].folder)
  }
}
