import ProtobufReading
import Tensors

/// What is read from one `MetaGraphDef` of a `saved_model.pb`
/// (`tensorflow/core/protobuf/meta_graph.proto`).
struct MetaGraph: Sendable {
  /// A tensor of a signature (`TensorInfo`).
  struct Entry: Sendable {
    /// How the signature calls it.
    var key: String
    /// The graph's operation and the number of its result; `nil` for a sparse or composite tensor.
    var source: (operation: String, result: Int)?
    /// TensorFlow's number of the element type.
    var type: Int32 = 0
    /// The dimensions; `nil` if their number is not known.
    var shape: Shape? = []
    /// What it is instead of a dense tensor.
    var kind: String?
  }

  /// A way to call the graph (`SignatureDef`).
  struct Signature: Sendable {
    var name: String
    var inputs: [Entry] = []
    var outputs: [Entry] = []
    var method = ""
  }

  var tags: Set<String> = []
  var tensorFlowVersion = ""
  /// By name, in alphabetical order; without those that only initialise the graph.
  var signatures: [Signature] = []
  /// The files below `assets` that the graph reads.
  var assets: [String] = []
  /// Whether the graph has variables, which lie in files of their own.
  var hasVariables = false
  /// Whether an operator may keep strings beyond the run (in a table, a queue or a variable).
  var keepsStrings = false

  init(_ reader: ProtobufReader) throws(ProtobufError) {
    var signatures: [String: Signature] = [:]
    try reader.eachMessage { number, message throws(ProtobufError) in
      switch number {
      case 1: try readInformation(message)
      case 2: try readGraph(message)
      case 5:
        let (name, value) = try message.entry()
        if !name.hasPrefix("__saved_model_") {
          signatures[name] = try Signature(name: name, value)
        }
      case 6: try readAsset(message)
      default: break
      }
    }
    self.signatures = signatures.values.sorted { $0.name < $1.name }
  }

  /// `MetaInfoDef`.
  private mutating func readInformation(_ reader: ProtobufReader) throws(ProtobufError) {
    try reader.eachMessage { number, message in
      if number == 4 { tags.insert(message.text) }
      if number == 5 { tensorFlowVersion = message.text }
    }
  }

  /// `AssetFileDef`.
  private mutating func readAsset(_ reader: ProtobufReader) throws(ProtobufError) {
    try reader.eachMessage { number, message in if number == 2 { assets.append(message.text) } }
  }

  /// `GraphDef`, with the functions in its library: every node is looked at, so that a damaged graph
  /// is found before the runtime sees it.
  private mutating func readGraph(_ reader: ProtobufReader) throws(ProtobufError) {
    var checks = GraphChecks()
    try reader.eachMessage { number, message throws(ProtobufError) in
      if number == 1 { _ = try readNode(message, &checks) }
      guard number == 2 else { return }
      try message.eachMessage { number, function throws(ProtobufError) in
        if number == 1 { try readFunction(function, &checks) }
      }
    }
    try checks.finish()
  }

  /// `FunctionDef`.
  private mutating func readFunction(
    _ reader: ProtobufReader, _ checks: inout GraphChecks
  ) throws(ProtobufError) {
    var name = ""
    var function = GraphChecks.Function()
    var nodes: [GraphNode] = []
    try reader.eachMessage { number, message throws(ProtobufError) in
      if number == 1 { function = try GraphChecks.Function(signature: message, name: &name) }
      if number == 3 { nodes.append(try readNode(message, &checks)) }
    }
    function.nodeCount = nodes.count
    function.callees = nodes.flatMap { $0.functions.values.joined() }
    checks.add(function, name: name)
  }

  private mutating func readNode(
    _ reader: ProtobufReader, _ checks: inout GraphChecks
  ) throws(ProtobufError) -> GraphNode {
    let node = try GraphNode(reader)
    try checks.visit(node)
    if ["VarHandleOp", "VariableV2", "Variable"].contains(node.operation) { hasVariables = true }
    if node.hasStrings, Self.keepers.contains(where: node.operation.contains) {
      keepsStrings = true
    }
    return node
  }

  /// Parts of the names of operators that store what they are given.
  private static let keepers = [
    "Insert", "Enqueue", "Assign", "Stage", "Push", "TensorList", "TensorMap", "TensorArray",
    "Barrier", "Scatter", "Dataset", "Stack", "Variable", "PyFunc", "Optional",
  ]
}

extension MetaGraph.Signature {
  /// `SignatureDef`.
  fileprivate init(name: String, _ reader: ProtobufReader) throws(ProtobufError) {
    self.name = name
    var (inputs, outputs): ([String: MetaGraph.Entry], [String: MetaGraph.Entry]) = ([:], [:])
    try reader.eachMessage { number, message throws(ProtobufError) in
      switch number {
      case 1, 2:
        let (key, value) = try message.entry()
        let entry = try MetaGraph.Entry(key: key, value)
        if number == 1 { inputs[key] = entry } else { outputs[key] = entry }
      case 3: method = message.text
      default: break
      }
    }
    // The file's order is arbitrary.
    self.inputs = inputs.values.sorted { $0.key.precedes($1.key) }
    self.outputs = outputs.values.sorted { $0.key.precedes($1.key) }
  }
}

extension MetaGraph.Entry {
  /// `TensorInfo`.
  fileprivate init(key: String, _ reader: ProtobufReader) throws(ProtobufError) {
    self.key = key
    shape = nil
    var reader = reader
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let range)):
        let name = reader.text(range)
        let colon = name.lastIndex(of: ":")
        let result = colon.flatMap { Int(name[name.index(after: $0)...]) }
        if let colon, let result, result >= 0, result < Int(Int32.max), colon > name.startIndex {
          source = (String(name[..<colon]), result)
        } else {
          source = (name, 0)
        }
      case (2, .number(let type)): self.type = Int32(truncatingIfNeeded: type)
      case (3, .bytes(let range)): shape = try Self.shape(reader.message(range))
      case (4, _): kind = "a sparse tensor"
      case (5, .bytes(let range)): kind = try Self.compositeKind(reader.message(range))
      default: break
      }
    }
  }

  /// What a `CompositeTensor` is by the `TypeSpecProto` in it (`tensorflow/core/protobuf/struct.proto`).
  private static func compositeKind(_ reader: ProtobufReader) throws(ProtobufError) -> String {
    var type = UInt64(0)
    try reader.eachMessage { number, specification throws(ProtobufError) in
      if number == 1 { type = try specification.number(in: 1) ?? type }
    }
    return switch type {
    case 1: "a sparse tensor"
    case 2: "a tensor of which some slices are given (IndexedSlices)"
    case 3: "a ragged tensor"
    case 4: "an array of tensors"
    case 7: "an optional value"
    default: "a composite value (such as a ragged tensor)"
    }
  }

  /// `TensorShapeProto`; `nil` for an unknown rank.
  private static func shape(_ reader: ProtobufReader) throws(ProtobufError) -> Shape? {
    var reader = reader
    var dimensions: [Int] = []
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (2, .bytes(let range)):
        let size = Int(truncatingIfNeeded: try reader.message(range).number(in: 1) ?? 0)
        dimensions.append(size < 0 ? Shape.dynamic : size)
      case (3, .number(let isUnknown)): if isUnknown != 0 { return nil }
      default: break
      }
    }
    return Shape(dimensions)
  }
}

extension String {
  /// Alphabetical order, but by value of a number at the end: `output_2` before `output_10`.
  func precedes(_ other: String) -> Bool {
    func parts(_ text: String) -> (Substring, Int) {
      let digits = text.reversed().prefix { $0.isASCII && $0.isNumber }.count
      let split = text.index(text.endIndex, offsetBy: -digits)
      return (text[..<split], Int(text[split...]) ?? -1)
    }
    let (left, right) = (parts(self), parts(other))
    return left == right ? self < other : left < right
  }
}
