import ArrowIPC
import SparkTypes

/// What a Swift value encodes itself as, before the column types are known.
indirect enum EncodedValue: Sendable {
  case null
  case leaf(ArrowValue, DataType)
  case list([EncodedValue])
  /// The properties of a structure; those that are `nil` may be missing.
  case object([(name: String, value: EncodedValue)])
  /// The entries of a dictionary with string keys.
  case map([(name: String, value: EncodedValue)])

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
        .string, try entries.reduce(.null) { try Self.merged($0, $1.value.type(), "'\($1.name)'") })
    }
  }

  /// The type that has room for values of both types.
  static func merged(_ left: DataType, _ right: DataType, _ place: String) throws -> DataType {
    switch (left, right) {
    case (.null, let other), (let other, .null): return other
    case (.array(let a, _), .array(let b, _)): return .array(try merged(a, b, place))
    case (.map(let key, let a, _), .map(_, let b, _)): return .map(key, try merged(a, b, place))
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
    case (.leaf(.string(let text), _), .decimal(_, let scale)):
      guard let decimal = ArrowDecimal(text, byteWidth: 16, scale: scale) else { throw misfit() }
      return .decimal(decimal)
    case (.leaf(.int(let number), _), .decimal(_, let scale)):
      guard let decimal = ArrowDecimal("\(number)", byteWidth: 16, scale: scale) else {
        throw misfit()
      }
      return .decimal(decimal)
    case (.leaf, .array), (.leaf, .map), (.leaf, .struct): throw misfit()
    case (.leaf(let value, _), _): return value
    case (.list(let elements), .array(let element, _)):
      return .list(
        try elements.enumerated().map { try $1.value(as: element, "\(place)[\($0)]") })
    case (.object(let entries), .map(.string, let value, _)),
      (.map(let entries), .map(.string, let value, _)):
      return .map(
        try entries.map {
          (ArrowValue.string($0.name), try $0.value.value(as: value, "\(place)[\($0.name)]"))
        })
    case (.object(let properties), .struct(let fields)),
      (.map(let properties), .struct(let fields)):
      return .structure(
        try fields.map { field in
          let property = properties.first { $0.name == field.name }
          return try property?.value.value(as: field.type, "\(place).\(field.name)") ?? .null
        })
    default: throw misfit()
    }
  }
}
