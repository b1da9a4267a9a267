/// A named, typed column of a schema, or a named child of a nested type.
public struct ArrowField: Sendable, Hashable {
  /// What the column is called; may be empty, as in many lists.
  public var name: String
  /// What its values are.
  public var type: ArrowType
  /// Whether values may be null.
  public var isNullable: Bool
  /// Key and value pairs of the application; of a repeated key the last one counts.
  public var metadata: [String: String]

  public init(
    _ name: String, _ type: ArrowType, isNullable: Bool = true, metadata: [String: String] = [:]
  ) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    self.metadata = metadata
  }
}

extension ArrowField: CustomStringConvertible {
  public var description: String { "\(name): \(type)\(isNullable ? "" : " not null")" }
}

/// The fields of a record batch or stream, in order; names may repeat.
public struct ArrowSchema: Sendable, Hashable {
  /// A field for each column.
  public var fields: [ArrowField]
  /// Key and value pairs of the application; of a repeated key the last one counts.
  public var metadata: [String: String]

  public init(_ fields: [ArrowField], metadata: [String: String] = [:]) {
    self.fields = fields
    self.metadata = metadata
  }

  /// The position of the first field called `name`.
  public func index(of name: String) -> Int? {
    fields.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
  }
}

extension ArrowSchema: CustomStringConvertible {
  public var description: String { fields.map(\.description).joined(separator: "\n") }
}
