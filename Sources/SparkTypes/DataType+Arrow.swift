import ArrowIPC

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
    case .string, .char, .varchar: return .utf8
    case .binary: return .binary
    case .date: return .date32
    case .timestamp: return .timestamp(.microsecond, timeZone: timeZone)
    case .timestampNTZ: return .timestamp(.microsecond, timeZone: nil)
    case .dayTimeInterval: return .duration(.microsecond)
    case .yearMonthInterval: return .interval(.yearMonth)
    case .calendarInterval: return .interval(.monthDayNano)
    case .array(let element, let containsNull):
      return .list(
        ArrowField("element", try element.arrowType(timeZone: timeZone), isNullable: containsNull))
    case .map(let key, let value, let valueContainsNull):
      let fields = [
        ArrowField("key", try key.arrowType(timeZone: timeZone), isNullable: false),
        ArrowField(
          "value", try value.arrowType(timeZone: timeZone), isNullable: valueContainsNull),
      ]
      return .map(
        entries: ArrowField("entries", .structure(fields), isNullable: false), keysSorted: false)
    case .struct(let fields):
      return .structure(try fields.arrowSchema(timeZone: timeZone).fields)
    case .variant, .unparsed:
      throw DataTypeError("the Spark type \(ddl) has no Arrow form")
    }
  }

  /// The Spark type of a column of Arrow type `type`.
  ///
  /// - Throws: ``DataTypeError`` for types that Spark SQL does not have; unsigned integers become
  ///   the next wider signed type, half floats become float.
  public init(arrow type: ArrowType) throws {
    self =
      switch type {
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
      case .timestamp(_, let timeZone): timeZone == nil ? .timestampNTZ : .timestamp
      case .duration: .dayTimeInterval()
      case .interval(.yearMonth): .yearMonthInterval()
      case .interval: .calendarInterval
      case .list(let element), .largeList(let element), .fixedSizeList(let element, _):
        .array(try DataType(arrow: element.type), containsNull: element.isNullable)
      case .structure(let fields): .struct(try StructType(arrow: ArrowSchema(fields)))
      case .map(let entries, _):
        try Self.map(entries: entries)
      case .dictionary(_, _, let value, _): try DataType(arrow: value)
      case .time32, .time64: throw DataTypeError("Spark SQL has no type for Arrow's \(type)")
      }
  }

  private static func map(entries: ArrowField) throws -> DataType {
    guard case .structure(let fields) = entries.type, fields.count == 2 else {
      throw DataTypeError("an Arrow map has entries of two fields, not \(entries.type)")
    }
    return .map(
      try DataType(arrow: fields[0].type), try DataType(arrow: fields[1].type),
      valueContainsNull: fields[1].isNullable)
  }
}

extension StructType {
  /// The Arrow schema in which Spark exchanges rows of these fields.
  ///
  /// - Throws: ``DataTypeError`` for types that have no Arrow form.
  public func arrowSchema(timeZone: String = "UTC") throws -> ArrowSchema {
    ArrowSchema(
      try fields.map {
        ArrowField($0.name, try $0.type.arrowType(timeZone: timeZone), isNullable: $0.isNullable)
      })
  }

  /// The fields of an Arrow schema as Spark SQL types.
  ///
  /// - Throws: ``DataTypeError`` for types that Spark SQL does not have.
  public init(arrow schema: ArrowSchema) throws {
    fields = try schema.fields.map {
      StructField($0.name, try DataType(arrow: $0.type), isNullable: $0.isNullable)
    }
  }
}
