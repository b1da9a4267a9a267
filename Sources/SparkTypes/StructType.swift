/// A named, typed field of a struct, or a column of a table.
public struct StructField: Sendable, Hashable, Codable {
  /// What the field is called.
  public var name: String
  /// What its values are.
  public var type: DataType
  /// Whether values may be null.
  public var isNullable: Bool
  /// The field's metadata as JSON text, if it has any.
  public var metadata: String?

  public init(_ name: String, _ type: DataType, isNullable: Bool = true, metadata: String? = nil) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    self.metadata = metadata
  }
}

/// The fields of a struct, or the schema of a table.
public struct StructType: Sendable, Hashable, Codable {
  /// The fields in their order; names may repeat.
  public var fields: [StructField]

  public init(_ fields: [StructField]) { self.fields = fields }

  /// The names of the fields, in order.
  public var names: [String] { fields.map(\.name) }

  /// The field called `name`: an exact match, else the only one that differs in case alone (Spark's
  /// resolution is case-insensitive).
  public subscript(name: String) -> StructField? {
    if let exact = fields.first(where: { $0.name.isExactly(name) }) { return exact }
    let folded = fields.filter { $0.name.isExactly(ignoringCase: name) }
    return folded.count == 1 ? folded[0] : nil
  }
}

/// The schema of a table.
public typealias Schema = StructType

extension StructType: ExpressibleByDictionaryLiteral {
  /// Nullable fields in the order written: `["label": .string, "score": .float]`.
  public init(dictionaryLiteral elements: (String, DataType)...) {
    fields = elements.map { StructField($0, $1) }
  }
}

extension StructType: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: StructField...) { fields = elements }
}

extension StructType: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { fields.count }
  public subscript(position: Int) -> StructField { fields[position] }
}

extension StructType {
  /// The schema as `printSchema` shows it, one line a field.
  public var treeString: String {
    "root\n" + fields.map { Self.tree($0.name, $0.type, $0.isNullable, "nullable", " |") }.joined()
  }

  private static func tree(
    _ name: String, _ type: DataType, _ nullable: Bool, _ label: String, _ prefix: String
  ) -> String {
    let kind =
      switch type {
      case .array: "array"
      case .map: "map"
      case .struct: "struct"
      // The tree has names of its own for these.
      case .byte: "byte"
      case .short: "short"
      case .integer: "integer"
      case .long: "long"
      default: type.ddl
      }
    let line = "\(prefix)-- \(name): \(kind) (\(label) = \(nullable))\n"
    let inner = prefix + "    |"
    switch type {
    case .array(let element, let containsNull):
      return line + tree("element", element, containsNull, "containsNull", inner)
    case .map(let key, let value, let valueContainsNull):
      return line + tree("key", key, false, "nullable", inner)
        + tree("value", value, valueContainsNull, "valueContainsNull", inner)
    case .struct(let fields):
      return line + fields.map { tree($0.name, $0.type, $0.isNullable, "nullable", inner) }.joined()
    default: return line
    }
  }
}

extension StructType: CustomStringConvertible {
  public var description: String { ddl }
}
