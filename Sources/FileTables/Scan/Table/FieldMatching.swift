import ArrowIPC
import SparkTypes

/// Which fields of a file are those that a schema asks for: names are told apart without regard to
/// case, as Spark does by default.
enum FieldMatching {
  /// The field of the file called `name`; `nil` if there is none.
  ///
  /// - Throws: ``FileTableError`` if several differ from it in case alone.
  static func field(
    _ name: String, in fields: [ArrowField], file: String
  ) throws(FileTableError) -> Int? {
    try one(
      fields.indices.filter { fields[$0].name.isExactly(ignoringCase: name) }, name, fields, file)
  }

  /// The same of the columns of a file, of which there may be many.
  static func column(
    _ name: String, of table: TableFile, file: String
  ) throws(FileTableError) -> Int? {
    try one(table.names.places(of: name), name, table.schema.fields, file)
  }

  private static func one(
    _ found: [Int], _ name: String, _ fields: [ArrowField], _ file: String
  ) throws(FileTableError) -> Int? {
    if found.count > 1 {
      let names = found.map { "'\(fields[$0].name)'" }.joined(separator: ", ")
      throw FileTableError(
        .schema,
        "'\(file)' has the columns \(names), any of which '\(name)' may mean; rename them in the file",
        path: file)
    }
    return found.first
  }

  /// The paths of what is read of a file's field for a column of type `type`: within structs only the
  /// fields that the type has.
  static func paths(
    _ field: ArrowField, for type: DataType, prefix: [String] = [], file: String
  ) throws(FileTableError) -> [[String]] {
    let path = prefix + [field.name]
    guard case .structure(let fields) = field.type, case .struct(let wanted) = type.storedType
    else { return [path] }
    var paths: [[String]] = []
    for target in wanted.fields {
      guard let index = try self.field(target.name, in: fields, file: file) else { continue }
      paths += try self.paths(fields[index], for: target.type, prefix: path, file: file)
    }
    // Without any of its fields the struct still tells which rows are null.
    return paths.isEmpty
      || wanted.fields.count == fields.count && paths.allSatisfy({ $0.count == path.count + 1 })
      ? [path] : paths
  }
}
