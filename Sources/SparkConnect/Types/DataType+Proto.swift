package import SparkConnectProtocol
package import SparkTypes
import SwiftProtobuf

extension DataType {
  /// The type as the protocol spells it; numbers beyond its are those at its ends, which the server
  /// refuses as well, or which come to the same, as lengths of strings do.
  package var proto: Spark_Connect_DataType {
    var message = Spark_Connect_DataType()
    switch self {
    case .null: message.null = .init()
    case .boolean: message.boolean = .init()
    case .byte: message.byte = .init()
    case .short: message.short = .init()
    case .integer: message.integer = .init()
    case .long: message.long = .init()
    case .float: message.float = .init()
    case .double: message.double = .init()
    case .decimal(let precision, let scale):
      message.decimal.precision = Int32(clamping: precision)
      message.decimal.scale = Int32(clamping: scale)
    case .string: message.string = .init()
    case .collatedString(let collation): message.string = .with { $0.collation = collation }
    case .char(let length): message.char = .with { $0.length = Int32(clamping: length) }
    case .varchar(let length): message.varChar = .with { $0.length = Int32(clamping: length) }
    case .binary: message.binary = .init()
    case .date: message.date = .init()
    case .timestamp: message.timestamp = .init()
    case .timestampNTZ: message.timestampNtz = .init()
    case .time(let precision): message.time = .with { $0.precision = Int32(clamping: precision) }
    case .timestampNanos(let precision):
      message.timestampLtzNanos = .with { $0.precision = Int32(clamping: precision) }
    case .timestampNTZNanos(let precision):
      message.timestampNtzNanos = .with { $0.precision = Int32(clamping: precision) }
    case .dayTimeInterval(let from, let to):
      message.dayTimeInterval.startField = from.rawValue
      message.dayTimeInterval.endField = to.rawValue
    case .yearMonthInterval(let from, let to):
      message.yearMonthInterval.startField = from.rawValue
      message.yearMonthInterval.endField = to.rawValue
    case .calendarInterval: message.calendarInterval = .init()
    case .array(let element, let containsNull):
      message.array.elementType = element.proto
      message.array.containsNull = containsNull
    case .map(let key, let value, let valueContainsNull):
      message.map.keyType = key.proto
      message.map.valueType = value.proto
      message.map.valueContainsNull = valueContainsNull
    case .struct(let fields): message.struct = fields.proto
    case .variant: message.variant = .init()
    case .geometry(let srid):
      message.geometry = .with { $0.srid = Int32(clamping: srid ?? Self.anySRID) }
    case .geography(let srid):
      message.geography = .with { $0.srid = Int32(clamping: srid ?? Self.anySRID) }
    case .userDefined(let type):
      message.udt.type = "udt"
      if let name = type.jvmClass { message.udt.jvmClass = name }
      if let name = type.pythonClass { message.udt.pythonClass = name }
      if let pickled = type.serializedPythonClass { message.udt.serializedPythonClass = pickled }
      if let stored = type.sqlType { message.udt.sqlType = stored.proto }
    case .unparsed(let name): message.unparsed = .with { $0.dataTypeString = name }
    case .unknown(let type):
      // It goes back to the server as it came; what is no message stays one without a kind.
      if let same = try? Spark_Connect_DataType(serializedBytes: type.message) { message = same }
    }
    return message
  }

  init(_ message: Spark_Connect_DataType) {
    self = Self.known(message) ?? .unknown(UnknownDataType(message))
  }

  /// The type that `message` describes, `nil` if this package has no case for it.
  private static func known(_ message: Spark_Connect_DataType) -> DataType? {
    switch message.kind {
    case nil: nil
    case .null: .null
    case .binary: .binary
    case .boolean: .boolean
    case .byte: .byte
    case .short: .short
    case .integer: .integer
    case .long: .long
    case .float: .float
    case .double: .double
    case .decimal(let decimal):
      .decimal(
        precision: decimal.hasPrecision ? Int(decimal.precision) : 10, scale: Int(decimal.scale))
    case .string(let text):
      text.collation.isEmpty || text.collation == "UTF8_BINARY"
        ? .string : .collatedString(collation: text.collation)
    case .char(let sized): .char(length: Int(sized.length))
    case .varChar(let sized): .varchar(length: Int(sized.length))
    case .date: .date
    case .time(let time): .time(precision: time.hasPrecision ? Int(time.precision) : 6)
    case .timestamp: .timestamp
    case .timestampNtz: .timestampNTZ
    case .timestampLtzNanos(let time):
      .timestampNanos(precision: time.hasPrecision ? Int(time.precision) : 9)
    case .timestampNtzNanos(let time):
      .timestampNTZNanos(precision: time.hasPrecision ? Int(time.precision) : 9)
    case .calendarInterval: .calendarInterval
    case .yearMonthInterval(let interval):
      interval.fields(YearMonthField.self, whole: .year, .month).map {
        .yearMonthInterval(from: $0, to: $1)
      }
    case .dayTimeInterval(let interval):
      interval.fields(DayTimeField.self, whole: .day, .second).map {
        .dayTimeInterval(from: $0, to: $1)
      }
    case .array(let array):
      .array(DataType(array.elementType), containsNull: array.containsNull)
    case .struct(let fields): .struct(StructType(fields))
    case .map(let map):
      .map(
        DataType(map.keyType), DataType(map.valueType), valueContainsNull: map.valueContainsNull)
    case .udt(let udt):
      .userDefined(
        UserDefinedType(
          jvmClass: udt.hasJvmClass ? udt.jvmClass : nil,
          pythonClass: udt.hasPythonClass ? udt.pythonClass : nil,
          serializedPythonClass: udt.hasSerializedPythonClass ? udt.serializedPythonClass : nil,
          sqlType: udt.hasSqlType ? DataType(udt.sqlType) : nil))
    case .unparsed(let unparsed): .unparsed(unparsed.dataTypeString)
    case .variant: .variant
    case .geometry(let spatial): .geometry(srid: spatial.knownSRID)
    case .geography(let spatial): .geography(srid: spatial.knownSRID)
    }
  }
}

extension Spark_Connect_DataType.Spatial {
  fileprivate var knownSRID: Int? { srid == DataType.anySRID ? nil : Int(srid) }
}

extension Spark_Connect_DataType.Interval {
  /// The first and the last field; `nil` if one has no case here. Spark's rule: without both it is the
  /// whole interval, without the last one it has the first alone.
  fileprivate func fields<Field: RawRepresentable<Int32>>(
    _: Field.Type, whole first: Field, _ last: Field
  ) -> (Field, Field)? {
    guard hasStartField else { return (first, last) }
    guard let start = Field(rawValue: startField),
      let end = Field(rawValue: hasEndField ? endField : startField)
    else { return nil }
    return (start, end)
  }
}

extension UnknownDataType {
  fileprivate init(_ message: Spark_Connect_DataType) {
    // The fields that were not understood stand in front, each with its number and wire type.
    var number: UInt64 = 0
    for (index, byte) in message.unknownFields.data.prefix(9).enumerated() {
      number |= UInt64(byte & 0x7F) << (7 * UInt64(index))
      if byte & 0x80 == 0 { break }
    }
    let bytes: [UInt8] = (try? message.serializedBytes()) ?? []
    self.init(kind: number == 0 ? nil : Int(number >> 3), message: bytes)
  }
}

extension StructType {
  var proto: Spark_Connect_DataType.Struct {
    .with {
      $0.fields = fields.map { field in
        .with {
          $0.name = field.name
          $0.dataType = field.type.proto
          $0.nullable = field.isNullable
          if let metadata = field.metadata { $0.metadata = metadata }
        }
      }
    }
  }

  init(_ message: Spark_Connect_DataType.Struct) {
    self.init(
      message.fields.map {
        StructField(
          $0.name, DataType($0.dataType), isNullable: $0.nullable,
          metadata: $0.hasMetadata && $0.metadata != "{}" ? $0.metadata : nil)
      })
  }
}
