public import ArrowIPC

extension DataType {
  /// The Arrow type in which Spark exchanges values of this type; nested fields are named as Spark
  /// names them (`element`; `entries` of `key` and `value`).
  ///
  /// - Parameter timeZone: the zone that timestamps carry; Spark puts its session's there.
  /// - Throws: ``DataTypeError`` for types that have no Arrow form.
  public func arrowType(timeZone: String = "UTC") throws -> ArrowType {
    switch self {
    case .null: return .null
    case .boolean: return .bool
    case .byte: return .int8
    case .short: return .int16
    case .integer: return .int32
    case .long: return .int64
    case .float: return .float32
    case .double: return .float64
    case .decimal(let precision, let scale):
      return .decimal(bitWidth: 128, precision: precision, scale: scale)
    case .string, .collatedString, .char, .varchar: return .utf8
    case .binary: return .binary
    case .date: return .date32
    case .time: return .time64(.nanosecond)
    case .timestamp: return .timestamp(.microsecond, timeZone: timeZone)
    case .timestampNTZ: return .timestamp(.microsecond, timeZone: nil)
    case .timestampNanos: return .timestamp(.nanosecond, timeZone: timeZone)
    case .timestampNTZNanos: return .timestamp(.nanosecond, timeZone: nil)
    case .dayTimeInterval: return .duration(.microsecond)
    case .yearMonthInterval: return .interval(.yearMonth)
    case .calendarInterval: return .interval(.monthDayNano)
    case .array(let element, let containsNull):
      return .list(try element.arrowField("element", timeZone, isNullable: containsNull))
    case .map(let key, let value, let valueContainsNull):
      let fields = [
        try key.arrowField("key", timeZone, isNullable: false),
        try value.arrowField("value", timeZone, isNullable: valueContainsNull),
      ]
      return .map(
        entries: ArrowField("entries", .structure(fields), isNullable: false), keysSorted: false)
    case .struct(let fields):
      return .structure(try fields.arrowSchema(timeZone: timeZone).fields)
    case .variant:
      return .structure([
        ArrowField("value", .binary, isNullable: false),
        ArrowField("metadata", .binary, isNullable: false, metadata: [ArrowMark.variant: "true"]),
      ])
    case .geometry(let srid): return Self.spatial(ArrowMark.geometry, srid)
    case .geography(let srid): return Self.spatial(ArrowMark.geography, srid)
    case .userDefined(let type):
      guard let stored = type.storedType else {
        throw DataTypeError(
          "values of the user-defined type \(type.name) cannot be exchanged, for the server does not "
            + "tell how they are stored; convert the column in the query")
      }
      return try stored.arrowType(timeZone: timeZone)
    case .unparsed(let name): throw DataTypeError("the Spark type \(name) has no Arrow form")
    case .unknown(let type):
      throw DataTypeError("\(type) cannot be exchanged; convert the column in the query")
    }
  }

  private static func spatial(_ mark: String, _ srid: Int?) -> ArrowType {
    .structure([
      ArrowField("srid", .int32, isNullable: false),
      ArrowField(
        "wkb", .binary, isNullable: false,
        metadata: [mark: "true", ArrowMark.srid: "\(srid ?? DataType.anySRID)"]),
    ])
  }

  /// The field that has values of this type, with what Spark writes beside Arrow's type.
  fileprivate func arrowField(
    _ name: String, _ timeZone: String, isNullable: Bool
  ) throws -> ArrowField {
    var metadata: [String: String] = [:]
    switch self {
    case .time(let precision): metadata[ArrowMark.timePrecision] = "\(precision)"
    case .timestampNanos(let precision), .timestampNTZNanos(let precision):
      metadata[ArrowMark.timestampPrecision] = "\(precision)"
    default: break
    }
    do {
      return ArrowField(
        name, try arrowType(timeZone: timeZone), isNullable: isNullable, metadata: metadata)
    } catch let error as DataTypeError {
      throw DataTypeError("'\(name)': \(error.message)")
    }
  }

  /// The Spark type of a column of Arrow type `type`.
  ///
  /// - Throws: ``DataTypeError`` for types that Spark SQL does not have; unsigned integers become
  ///   the next wider signed type, half floats become float.
  public init(arrow type: ArrowType) throws {
    try self.init(arrow: ArrowField("", type))
  }

  /// The Spark type of values of `field`, whose metadata tells what Arrow's types do not.
  ///
  /// - Throws: ``DataTypeError`` for types that Spark SQL does not have.
  public init(arrow field: ArrowField) throws {
    self =
      switch field.type {
      case .null: .null
      case .bool: .boolean
      case .int8: .byte
      case .int16, .uint8: .short
      case .int32, .uint16: .integer
      case .int64, .uint32: .long
      case .uint64: .decimal(precision: 20, scale: 0)
      case .float16, .float32: .float
      case .float64: .double
      case .decimal(_, let precision, let scale): .decimal(precision: precision, scale: scale)
      case .utf8, .largeUTF8, .utf8View: .string
      case .binary, .largeBinary, .binaryView, .fixedSizeBinary: .binary
      case .date32, .date64: .date
      case .timestamp(_, let timeZone):
        Self.timestamp(timeZone, precision: field.metadata[ArrowMark.timestampPrecision])
      case .duration: .dayTimeInterval()
      case .interval(.yearMonth): .yearMonthInterval()
      case .interval: .calendarInterval
      case .list(let element), .largeList(let element), .fixedSizeList(let element, _):
        .array(try DataType(arrow: element), containsNull: element.isNullable)
      case .structure(let fields):
        try Self.marked(fields) ?? .struct(StructType(arrow: ArrowSchema(fields)))
      case .map(let entries, _):
        try Self.map(entries: entries)
      case .dictionary(_, _, let value, _): try DataType(arrow: value)
      case .time32, .time64:
        .time(precision: field.metadata[ArrowMark.timePrecision].flatMap { Int($0) } ?? 6)
      }
  }

  private static func timestamp(_ timeZone: String?, precision: String?) -> DataType {
    if let precision = precision.flatMap({ Int($0) }) {
      return timeZone == nil
        ? .timestampNTZNanos(precision: precision) : .timestampNanos(precision: precision)
    }
    return timeZone == nil ? .timestampNTZ : .timestamp
  }

  /// The type that Spark's marks on the fields of a struct tell; `nil` for a plain struct.
  private static func marked(_ fields: [ArrowField]) -> DataType? {
    guard fields.count == 2, fields.allSatisfy({ !$0.isNullable }) else { return nil }
    let names = fields.map(\.name)
    let marks = fields[1].metadata
    if names == ["value", "metadata"], marks[ArrowMark.variant] == "true" { return .variant }
    guard names == ["srid", "wkb"] else { return nil }
    let srid = marks[ArrowMark.srid].flatMap { Int($0) }.flatMap { $0 == anySRID ? nil : $0 }
    if marks[ArrowMark.geometry] == "true" { return .geometry(srid: srid) }
    if marks[ArrowMark.geography] == "true" { return .geography(srid: srid) }
    return nil
  }

  private static func map(entries: ArrowField) throws -> DataType {
    guard case .structure(let fields) = entries.type, fields.count == 2 else {
      throw DataTypeError("an Arrow map has entries of two fields, not \(entries.type)")
    }
    return .map(
      try DataType(arrow: fields[0]), try DataType(arrow: fields[1]),
      valueContainsNull: fields[1].isNullable)
  }
}

/// The keys of the field metadata in which Spark tells of types that Arrow does not have (ArrowUtils
/// of Spark 4.0 to 4.3).
private enum ArrowMark {
  static let variant = "variant"
  static let geometry = "geometry"
  static let geography = "geography"
  static let srid = "srid"
  static let timePrecision = "SPARK::time::precision"
  static let timestampPrecision = "SPARK::timestampNanos::precision"
}

extension StructType {
  /// The Arrow schema in which Spark exchanges rows of these fields.
  ///
  /// - Throws: ``DataTypeError`` naming the field, for types that have no Arrow form.
  public func arrowSchema(timeZone: String = "UTC") throws -> ArrowSchema {
    ArrowSchema(
      try fields.map { try $0.type.arrowField($0.name, timeZone, isNullable: $0.isNullable) })
  }

  /// The fields of an Arrow schema as Spark SQL types.
  ///
  /// - Throws: ``DataTypeError`` for types that Spark SQL does not have.
  public init(arrow schema: ArrowSchema) throws {
    fields = try schema.fields.map {
      StructField($0.name, try DataType(arrow: $0), isNullable: $0.isNullable)
    }
  }
}
