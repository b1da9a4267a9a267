import ArrowIPC
import SparkTypes

extension EncodedValue {
  /// The type of a column that holds this value: `nil` is known to no type yet.
  func type() throws -> DataType {
    switch self {
    case .null: return .null
    case .leaf(_, let type): return type
    case .list(let elements):
      return .array(try elements.reduce(.null) { try Self.merged($0, $1.type(), "an element") })
    case .object(let properties):
      return .struct(
        StructType(try properties.map { StructField($0.name, try $0.value.type()) }))
    case .map(let entries):
      return .map(
        entries.isEmpty
          ? .string : try entries.reduce(.null) { try Self.merged($0, $1.key.type(), "a key") },
        try entries.reduce(.null) { try Self.merged($0, $1.value.type(), "'\($1.key.text)'") })
    }
  }

  /// The type that has room for values of both types.
  static func merged(_ left: DataType, _ right: DataType, _ place: String) throws -> DataType {
    switch (left, right) {
    case (.null, let other), (let other, .null): return other
    case (.array(let a, _), .array(let b, _)): return .array(try merged(a, b, place))
    // Empty dictionaries have keys of any type.
    case (.map(let key, .null, _), .map(let other, .null, _)):
      return .map(key == .string ? other : key, .null)
    case (.map(_, .null, _), .map): return right
    case (.map, .map(_, .null, _)): return left
    case (.map(let key, let a, _), .map(let other, let b, _)):
      return .map(try merged(key, other, "a key of \(place)"), try merged(a, b, place))
    case (.struct(let a), .struct(let b)):
      var fields = a.fields
      for field in b.fields {
        if let index = fields.firstIndex(where: { $0.name == field.name }) {
          fields[index].type = try merged(fields[index].type, field.type, "'\(field.name)'")
        } else {
          fields.append(field)
        }
      }
      return .struct(StructType(fields))
    case _ where left == right: return left
    default:
      throw SparkError(
        .invalidArgument, "\(place) is \(left.ddl) in one value and \(right.ddl) in another")
    }
  }

  /// The value as one of a column of type `type`.
  func value(as type: DataType, _ place: String) throws -> ArrowValue {
    func misfit() -> SparkError {
      SparkError(.invalidArgument, "\(place) does not fit the column type \(type.ddl)")
    }
    switch (self, type) {
    case (.null, _): return .null
    case (.leaf(.string, _), .decimal(_, let scale)), (.leaf(.int, _), .decimal(_, let scale)),
      (.leaf(.uint, _), .decimal(_, let scale)):
      guard let decimal = ArrowDecimal(text, byteWidth: 16, scale: scale) else { throw misfit() }
      return .decimal(decimal)
    // Durations and dates are microseconds, the values of these types nanoseconds.
    case (.leaf(.int(let micros), .dayTimeInterval), .time):
      guard (0..<86_400_000_000).contains(micros) else { throw misfit() }
      return .int(micros * 1000)
    case (.leaf(.int(let micros), .timestamp), .timestampNanos),
      (.leaf(.int(let micros), .timestamp), .timestampNTZNanos):
      let (nanos, overflow) = micros.multipliedReportingOverflow(by: 1000)
      if overflow { throw misfit() }
      return .int(nanos)
    case (.leaf, .array), (.leaf, .map), (.leaf, .struct): throw misfit()
    case (.leaf(let value, _), _): return value
    case (.list(let elements), .array(let element, _)):
      return .list(
        try elements.enumerated().map { try $1.value(as: element, "\(place)[\($0)]") })
    case (.object(let properties), .map(.string, let value, _)):
      return .map(
        try properties.map {
          (ArrowValue.string($0.name), try $0.value.value(as: value, "\(place)[\($0.name)]"))
        })
    case (.map(let entries), .map(let key, let value, _)):
      return .map(
        try entries.map {
          (
            try $0.key.value(as: key, "a key of \(place)"),
            try $0.value.value(as: value, "\(place)[\($0.key.text)]")
          )
        })
    case (.object(let properties), .struct(let fields)):
      return .structure(try fields.map { try Self.field($0, of: properties, place) })
    case (.map(let entries), .struct):
      return try Self.object(entries.map { ($0.key.text, $0.value) }).value(as: type, place)
    default: throw misfit()
    }
  }

  private static func field(
    _ field: StructField, of properties: [(name: String, value: EncodedValue)], _ place: String
  ) throws -> ArrowValue {
    let property = properties.first { $0.name == field.name }
    return try property?.value.value(as: field.type, "\(place).\(field.name)") ?? .null
  }

  /// A key in messages, and as the name of a field; a number as decimals are read.
  private var text: String {
    switch self {
    case .leaf(.string(let text), _): text
    case .leaf(.int(let number), _): "\(number)"
    case .leaf(.uint(let number), _): "\(number)"
    default: "\(self)"
    }
  }
}
