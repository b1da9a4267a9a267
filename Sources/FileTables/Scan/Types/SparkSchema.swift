import ArrowIPC
import SparkTypes

extension SparkTypeJSON {
  /// The key of a Parquet footer's metadata that has the schema as Spark wrote it.
  static let key = "org.apache.spark.sql.parquet.row.metadata"
}

/// The types that Spark gives the columns of files.
enum SparkSchema {
  /// The schema of a Parquet file: the one that Spark wrote into it, else what its types become.
  static func parquet(
    _ schema: ArrowSchema, file: String
  ) throws(FileTableError) -> StructType {
    if let text = schema.metadata[SparkTypeJSON.key], let known = SparkTypeJSON.schema(text) {
      for field in known.fields { try checkStored(field.type, field.name, file) }
      return nullable(known)
    }
    var fields: [StructField] = []
    for field in schema.fields {
      fields.append(
        StructField(field.name, try type(field, ["\(field.name)"], file, isParquet: true)))
    }
    return StructType(fields)
  }

  static func arrow(_ schema: ArrowSchema, file: String) throws(FileTableError) -> StructType {
    var fields: [StructField] = []
    for field in schema.fields {
      fields.append(
        StructField(field.name, try type(field, ["\(field.name)"], file, isParquet: false)))
    }
    return StructType(fields)
  }

  /// The type of values of a field as Spark reads them, everything in it nullable.
  private static func type(
    _ field: ArrowField, _ path: [String], _ file: String, isParquet: Bool
  ) throws(FileTableError) -> DataType {
    func refuse(_ why: String) -> FileTableError {
      FileTableError(
        .schema,
        "the column '\(path.joined(separator: "."))' of '\(file)' is \(field.type), \(why); select "
          + "other columns with a schema, or write the file with another type",
        path: file)
    }
    // What the plug-in notes of bytes that are no plain bytes.
    if isParquet, let meaning = field.metadata["PARQUET:meaning"] {
      throw refuse("the bytes of Parquet's type \(meaning), which Spark does not read")
    }
    switch field.type {
    case .null where isParquet: return .integer
    case .duration where isParquet: return .long
    case .timestamp(.nanosecond, _) where isParquet:
      throw refuse("timestamps of nanoseconds, which Spark does not read from Parquet")
    case .float16 where isParquet: throw refuse("which Spark does not read from Parquet")
    case .time32, .time64: throw refuse("a time of day, which neither Spark nor this engine reads")
    case .interval: throw refuse("an interval, which is not read")
    case .decimal(_, let precision, _) where precision > 38:
      throw refuse("a decimal of more than Spark's 38 digits")
    case .list(let element), .largeList(let element), .fixedSizeList(let element, _):
      return .array(try type(element, path + ["element"], file, isParquet: isParquet))
    case .map(let entries, _):
      let fields = entries.type.childFields
      guard fields.count == 2 else { throw refuse("a map without keys and values") }
      return .map(
        try type(fields[0], path + ["key"], file, isParquet: isParquet),
        try type(fields[1], path + ["value"], file, isParquet: isParquet))
    case .structure(let inner):
      var fields: [StructField] = []
      for field in inner {
        fields.append(
          StructField(
            field.name, try type(field, path + [field.name], file, isParquet: isParquet)))
      }
      return .struct(StructType(fields))
    case .dictionary(_, _, let value, _):
      return try type(ArrowField(field.name, value), path, file, isParquet: isParquet)
    default: break
    }
    do { return try DataType(arrow: field.type) } catch { throw refuse("\(error)") }
  }

  /// Refuses types whose values stand in files in other forms than in tables.
  private static func checkStored(
    _ type: DataType, _ path: String, _ file: String
  ) throws(FileTableError) {
    switch type {
    case .array(let element, _): try checkStored(element, path + ".element", file)
    case .map(_, let value, _): try checkStored(value, path + ".value", file)
    case .struct(let fields):
      for field in fields.fields { try checkStored(field.type, "\(path).\(field.name)", file) }
    case .variant, .geometry, .geography, .calendarInterval, .unparsed, .unknown, .time:
      throw FileTableError(
        .unsupported,
        "the column '\(path)' of '\(file)' is \(type), which is not read here; use Spark "
          + "(--engine spark)",
        path: file)
    default: return
    }
  }

  /// The schema with everything nullable, as Spark takes that of files.
  static func nullable(_ schema: StructType) -> StructType {
    StructType(
      schema.fields.map {
        StructField($0.name, nullable($0.type), isNullable: true, metadata: $0.metadata)
      })
  }

  private static func nullable(_ type: DataType) -> DataType {
    switch type {
    case .array(let element, _): .array(nullable(element))
    case .map(let key, let value, _): .map(nullable(key), nullable(value))
    case .struct(let fields): .struct(nullable(fields))
    default: type
    }
  }

  /// Refuses names that differ in case alone, among which Spark cannot choose.
  static func checkNames(_ schema: StructType, _ what: String) throws(FileTableError) {
    var seen: [ExactName: String] = [:]
    for name in schema.names {
      if let other = seen.updateValue(name, forKey: ExactName(folding: name)) {
        throw FileTableError(
          .schema,
          "\(what) has the columns '\(other)' and '\(name)', which are one name to Spark; rename one "
            + "of them in the file, or read with a schema of the other columns")
      }
    }
  }

  /// The schema of files whose schemas are `first` and `second`, as Spark's `mergeSchema` makes it.
  static func merged(
    _ first: StructType, _ second: StructType, file: String
  ) throws(FileTableError) -> StructType {
    var fields = first.fields
    for field in second.fields {
      guard
        let index = fields.firstIndex(where: { $0.name.isExactly(ignoringCase: field.name) })
      else {
        fields.append(field)
        continue
      }
      fields[index].type = try merged(fields[index].type, field.type, field.name, file)
    }
    return StructType(fields)
  }

  private static func merged(
    _ first: DataType, _ second: DataType, _ path: String, _ file: String
  ) throws(FileTableError) -> DataType {
    switch (first, second) {
    case (.array(let a, _), .array(let b, _)):
      return .array(try merged(a, b, path + ".element", file))
    case (.map(let a, let b, _), .map(let c, let d, _)):
      return .map(
        try merged(a, c, path + ".key", file), try merged(b, d, path + ".value", file))
    case (.struct(let a), .struct(let b)): return .struct(try merged(a, b, file: file))
    default:
      if first == second { return first }
      throw FileTableError(
        .schema,
        "the column '\(path)' is \(first) in other files and \(second) in '\(file)', which "
          + "mergeSchema does not make one; give a schema with the wider type",
        path: file)
    }
  }
}
