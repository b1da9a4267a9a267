import ProtobufReading

/// What is read from one `NodeDef` (`tensorflow/core/framework/node_def.proto`) and the values of its
/// attributes (`attr_value.proto`).
struct GraphNode {
  /// A constant (`TensorProto`).
  struct Constant {
    var type: UInt64 = 0
    /// The dimensions as they are written, also negative ones.
    var dimensions: [Int64] = []
  }

  var name = ""
  var operation = ""
  var inputCount = 0
  /// Whether an attribute names the type of strings.
  var hasStrings = false
  /// Attributes that are integers.
  var integers: [String: Int64] = [:]
  /// Attributes that are types.
  var types: [String: UInt64] = [:]
  /// The lengths of attributes that are lists of types.
  var typeCounts: [String: Int] = [:]
  /// Attributes that are functions or lists of functions, by name.
  var functions: [String: [String]] = [:]
  /// Attributes that are constants.
  var constants: [String: Constant] = [:]

  init(_ reader: ProtobufReader) throws(ProtobufError) {
    var reader = reader
    while let field = try reader.next() {
      guard case .bytes(let range) = field.value else { continue }
      switch field.number {
      case 1: name = reader.text(range)
      case 2: operation = reader.text(range)
      case 3: inputCount += 1
      case 5:
        let (key, value) = try reader.entry(range)
        try readAttribute(key, reader.message(value))
      default: break
      }
    }
  }

  private mutating func readAttribute(
    _ key: String, _ reader: ProtobufReader
  ) throws(ProtobufError) {
    var reader = reader
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let range)): try readList(key, reader.message(range))
      case (3, .number(let value)): integers[key] = Int64(bitPattern: value)
      case (6, .number(let type)): noteType(type, of: key)
      case (8, .bytes(let range)): constants[key] = try Constant(reader.message(range))
      case (10, .bytes(let range)):
        functions[key] = [try Self.functionName(reader.message(range))]
      default: break
      }
    }
  }

  private mutating func noteType(_ type: UInt64, of key: String) {
    types[key] = type
    hasStrings = hasStrings || type == Self.stringType
  }

  /// `AttrValue.ListValue`; the types in it are packed, or one field each.
  private mutating func readList(
    _ key: String, _ reader: ProtobufReader
  ) throws(ProtobufError) {
    var reader = reader
    var typeCount = 0
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (6, .number(let type)):
        typeCount += 1
        hasStrings = hasStrings || type == Self.stringType
      case (6, .bytes(let range)):
        for type in try reader.message(range).packedNumbers() {
          typeCount += 1
          hasStrings = hasStrings || type == Self.stringType
        }
      case (9, .bytes(let range)):
        functions[key, default: []].append(try Self.functionName(reader.message(range)))
      default: break
      }
    }
    typeCounts[key] = typeCount
  }

  private static let stringType: UInt64 = 7

  /// The name in a `NameAttrList`.
  private static func functionName(_ reader: ProtobufReader) throws(ProtobufError) -> String {
    var reader = reader
    var name = ""
    while let field = try reader.next() {
      if field.number == 1, case .bytes(let range) = field.value { name = reader.text(range) }
    }
    return name
  }
}

extension GraphNode.Constant {
  /// `TensorProto`.
  fileprivate init(_ reader: ProtobufReader) throws(ProtobufError) {
    var reader = reader
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .number(let type)): self.type = type
      case (2, .bytes(let range)):
        var shape = reader.message(range)
        while let field = try shape.next() {
          guard field.number == 2, case .bytes(let range) = field.value else { continue }
          var size: Int64 = 0
          var dimension = shape.message(range)
          while let field = try dimension.next() {
            if field.number == 1, case .number(let value) = field.value {
              size = Int64(bitPattern: value)
            }
          }
          dimensions.append(size)
        }
      default: break
      }
    }
  }
}
