import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf

extension DataType {
  /// The type as the protocol spells it.
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
      message.decimal = .with {
        $0.precision = Int32(precision)
        $0.scale = Int32(scale)
      }
    case .string: message.string = .init()
    case .char(let length): message.char = .with { $0.length = Int32(length) }
    case .varchar(let length): message.varChar = .with { $0.length = Int32(length) }
    case .binary: message.binary = .init()
    case .date: message.date = .init()
    case .timestamp: message.timestamp = .init()
    case .timestampNTZ: message.timestampNtz = .init()
    case .dayTimeInterval(let from, let to):
      message.dayTimeInterval = .with {
        $0.startField = from.rawValue
        $0.endField = to.rawValue
      }
    case .yearMonthInterval(let from, let to):
      message.yearMonthInterval = .with {
        $0.startField = from.rawValue
        $0.endField = to.rawValue
      }
    case .calendarInterval: message.calendarInterval = .init()
    case .array(let element, let containsNull):
      message.array = .with {
        $0.elementType = element.proto
        $0.containsNull = containsNull
      }
    case .map(let key, let value, let valueContainsNull):
      message.map = .with {
        $0.keyType = key.proto
        $0.valueType = value.proto
        $0.valueContainsNull = valueContainsNull
      }
    case .struct(let fields): message.struct = fields.proto
    case .variant: message.variant = .init()
    case .unparsed(let name): message.unparsed = .with { $0.dataTypeString = name }
    }
    return message
  }

  init(_ message: Spark_Connect_DataType) {
    self =
      switch message.kind {
      case .null, nil: .null
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
      case .string: .string
      case .char(let sized): .char(length: Int(sized.length))
      case .varChar(let sized): .varchar(length: Int(sized.length))
      case .date: .date
      case .timestamp: .timestamp
      case .timestampNtz: .timestampNTZ
      case .calendarInterval: .calendarInterval
      case .yearMonthInterval(let interval):
        .yearMonthInterval(
          from: YearMonthField(rawValue: interval.startField) ?? .year,
          to: YearMonthField(rawValue: interval.hasEndField ? interval.endField : 1) ?? .month)
      case .dayTimeInterval(let interval):
        .dayTimeInterval(
          from: DayTimeField(rawValue: interval.startField) ?? .day,
          to: DayTimeField(rawValue: interval.hasEndField ? interval.endField : 3) ?? .second)
      case .array(let array):
        .array(DataType(array.elementType), containsNull: array.containsNull)
      case .struct(let fields): .struct(StructType(fields))
      case .map(let map):
        .map(
          DataType(map.keyType), DataType(map.valueType),
          valueContainsNull: map.valueContainsNull)
      case .udt(let udt): udt.hasSqlType ? DataType(udt.sqlType) : .unparsed(udt.type)
      case .unparsed(let unparsed): .unparsed(unparsed.dataTypeString)
      case .variant: .variant
      }
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
