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
    try reader.eachMessage { number, message throws(ProtobufError) in
      switch number {
      case 1: name = message.text
      case 2: operation = message.text
      case 3: inputCount += 1
      case 5:
        let (key, value) = try message.entry()
        try readAttribute(key, value)
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
      case (6, .number(let type)):
        types[key] = type
        hasStrings = hasStrings || type == Self.stringType
      case (8, .bytes(let range)): constants[key] = try Constant(reader.message(range))
      case (10, .bytes(let range)):
        functions[key] = [try Self.functionName(reader.message(range))]
      default: break
      }
    }
  }

  /// `AttrValue.ListValue`; the types in it are packed, or one field each.
  private mutating func readList(
    _ key: String, _ reader: ProtobufReader
  ) throws(ProtobufError) {
    var reader = reader
    var types: [UInt64] = []
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (6, .number(let type)): types.append(type)
      case (6, .bytes(let range)): types += try reader.message(range).packedNumbers()
      case (9, .bytes(let range)):
        functions[key, default: []].append(try Self.functionName(reader.message(range)))
      default: break
      }
    }
    typeCounts[key] = types.count
    hasStrings = hasStrings || types.contains(Self.stringType)
  }

  private static let stringType: UInt64 = 7

  /// The name in a `NameAttrList`.
  private static func functionName(_ reader: ProtobufReader) throws(ProtobufError) -> String {
    var name = ""
    try reader.eachMessage { number, message in if number == 1 { name = message.text } }
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
        try reader.message(range).eachMessage { number, dimension throws(ProtobufError) in
          guard number == 2 else { return }
          dimensions.append(Int64(bitPattern: try dimension.number(in: 1) ?? 0))
        }
      default: break
      }
    }
  }
}
