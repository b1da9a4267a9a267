import ArrowIPC
import SparkTypes

/// Which types of files Spark's readers take for which types of tables: those of the same values, and
/// some wider ones.
enum TypeReading {
  /// - Throws: ``FileTableError`` that names file, column and both types.
  static func check(
    _ field: ArrowField, as type: DataType, path: String, file: String
  ) throws(FileTableError) {
    switch (field.type, type.storedType) {
    case (.structure(let fields), .struct(let wanted)):
      for target in wanted.fields {
        guard let index = try FieldMatching.field(target.name, in: fields, file: file) else {
          continue
        }
        try check(fields[index], as: target.type, path: "\(path).\(target.name)", file: file)
      }
    case (.map(let entries, _), .map(let key, let value, _)):
      let fields = entries.type.childFields
      guard fields.count == 2 else { break }
      try check(fields[0], as: key, path: "\(path).key", file: file)
      try check(fields[1], as: value, path: "\(path).value", file: file)
    case (.dictionary(_, _, let value, _), _):
      try check(ArrowField(field.name, value), as: type, path: path, file: file)
    case (let list, .array(let element, _)) where list.listElement != nil:
      guard let inner = list.listElement else { break }
      try check(inner, as: element, path: "\(path).element", file: file)
    default:
      if isReadable(field.type, as: type.storedType) { return }
      throw FileTableError(
        .schema,
        "the column '\(path)' is \(type) in the table and \(field.type) in '\(file)', which cannot be "
          + "read as that; give a schema with a type that fits all files, or write the file anew",
        path: file)
    }
  }

  private static func isReadable(_ file: ArrowType, as type: DataType) -> Bool {
    switch (file, type) {
    case (.null, _): true
    case (.bool, .boolean): true
    case (.int8, .byte), (.int8, .short), (.int16, .byte), (.int16, .short), (.int32, .byte),
      (.int32, .short), (.uint8, .short), (.uint8, .byte), (.uint16, .short), (.uint16, .byte):
      true
    case (.int8, .integer), (.int16, .integer), (.int32, .integer), (.uint8, .integer),
      (.uint16, .integer), (.int8, .long), (.int16, .long), (.int32, .long), (.uint8, .long),
      (.uint16, .long), (.uint32, .long), (.int64, .long), (.duration, .long):
      true
    case (.int8, .double), (.int16, .double), (.int32, .double), (.uint8, .double),
      (.uint16, .double):
      true
    case (.int32, .date), (.date32, .date), (.date64, .date), (.date32, .timestampNTZ): true
    case (.int8, .decimal(let precision, let scale)), (.int16, .decimal(let precision, let scale)),
      (.int32, .decimal(let precision, let scale)):
      precision - scale >= 10
    case (.int64, .decimal(let precision, let scale)),
      (.uint64, .decimal(let precision, let scale)):
      precision - scale >= 20
    case (.decimal(_, let precision, let scale), .decimal(let wanted, let wantedScale)):
      wantedScale >= scale && wanted - precision >= wantedScale - scale
    case (.float16, .float), (.float16, .double), (.float32, .float), (.float32, .double),
      (.float64, .double):
      true
    case (.timestamp, .timestamp), (.timestamp, .timestampNTZ), (.timestamp, .timestampNanos),
      (.timestamp, .timestampNTZNanos):
      true
    case (.duration, .dayTimeInterval), (.interval(.yearMonth), .yearMonthInterval),
      (.int32, .yearMonthInterval), (.int64, .dayTimeInterval):
      true
    default:
      file.isString || file.isBinary ? type.isString || type == .binary : false
    }
  }
}
