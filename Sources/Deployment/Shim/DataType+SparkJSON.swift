import FoundationEssentials
package import SparkTypes

extension DataType {
  /// The type as JSON text in Spark's form, as PySpark reads it.
  ///
  /// - Throws: an `EncodingError`, which no type causes.
  package func sparkJSON() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(Form(self)), as: UTF8.self)
  }

  private indirect enum Form: Encodable {
    case name(String)
    case array(Form, containsNull: Bool)
    case map(Form, Form, valueContainsNull: Bool)
    case structure([Field])

    struct Field: Encodable {
      var name: String
      var type: Form
      var nullable: Bool
      var metadata: [String: String] = [:]
    }

    private enum Key: String, CodingKey {
      case type, fields, elementType, containsNull, keyType, valueType, valueContainsNull
    }

    init(_ type: DataType) {
      switch type {
      // Types that differ from others in what a table declares only, or that Python has classes for.
      case .collatedString, .char, .varchar: self = .name("string")
      case .userDefined(let type): self = type.storedType.map(Form.init) ?? .name(type.name)
      // The names of SQL's are others.
      case .null: self = .name("void")
      case .byte: self = .name("byte")
      case .short: self = .name("short")
      case .integer: self = .name("integer")
      case .long: self = .name("long")
      case .array(let element, let containsNull):
        self = .array(Form(element), containsNull: containsNull)
      case .map(let key, let value, let valueContainsNull):
        self = .map(Form(key), Form(value), valueContainsNull: valueContainsNull)
      case .struct(let fields):
        self = .structure(
          fields.map { Field(name: $0.name, type: Form($0.type), nullable: $0.isNullable) })
      default: self = .name(type.ddl)
      }
    }

    func encode(to encoder: any Encoder) throws {
      if case .name(let name) = self {
        var container = encoder.singleValueContainer()
        return try container.encode(name)
      }
      var container = encoder.container(keyedBy: Key.self)
      switch self {
      case .name: break
      case .array(let element, let containsNull):
        try container.encode("array", forKey: .type)
        try container.encode(element, forKey: .elementType)
        try container.encode(containsNull, forKey: .containsNull)
      case .map(let key, let value, let valueContainsNull):
        try container.encode("map", forKey: .type)
        try container.encode(key, forKey: .keyType)
        try container.encode(value, forKey: .valueType)
        try container.encode(valueContainsNull, forKey: .valueContainsNull)
      case .structure(let fields):
        try container.encode("struct", forKey: .type)
        try container.encode(fields, forKey: .fields)
      }
    }
  }
}
