import ProtobufReading

/// Checks of a graph that TensorFlow does not make itself: with what they find, it ends the process
/// instead of reporting a failure (seen with 2.21, by altering graphs at random).
struct GraphChecks {
  /// A function of the graph's library (`FunctionDef`).
  struct Function {
    /// The numbers of its arguments and results; `nil` if they depend on the caller.
    var inputCount: Int?
    var outputCount: Int?
    var nodeCount = 0
    var callees: [String] = []
  }

  /// A node that calls a function with a fixed number of tensors.
  private struct Call {
    var node: String
    var function: String
    var inputCount: Int
    var outputCount: Int
  }

  private var functions: [String: Function] = [:]
  private var calls: [Call] = []

  /// How long a list of equal tensors may be beyond the inputs that a node has.
  private static let greatestListCount = 65_536
  /// Bytes of the greatest constant, which is what a message can hold.
  private static let greatestConstant = 1 << 31
  /// How deep functions may call each other, and how many nodes may result when all calls are
  /// replaced by what they call.
  private static let greatestDepth = 500
  private static let greatestNodeCount = 50_000_000

  /// Looks at a node.
  mutating func visit(_ node: GraphNode) throws(ProtobufError) {
    try checkList(node)
    for (key, constant) in node.constants { try check(constant, key, of: node) }
    let inputs = node.typeCounts["Tin"] ?? 0
    let outputs = node.typeCounts["Tout"] ?? 0
    switch node.operation {
    case "PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "Case", "StatelessCase":
      for function in node.functions.values.joined() {
        calls.append(
          Call(node: node.name, function: function, inputCount: inputs, outputCount: outputs))
      }
    case "While", "StatelessWhile":
      let count = node.typeCounts["T"] ?? 0
      for (key, names) in node.functions {
        for function in names {
          calls.append(
            Call(
              node: node.name, function: function, inputCount: count,
              outputCount: key == "body" ? count : 1))
        }
      }
    default: break
    }
  }

  /// Adds a function whose nodes were visited.
  mutating func add(_ function: Function, name: String) { functions[name] = function }

  /// Checks what only shows when all nodes and functions are known.
  func finish() throws(ProtobufError) {
    for call in calls {
      guard let function = functions[call.function] else { continue }
      for (what, given, taken) in [
        ("arguments", call.inputCount, function.inputCount),
        ("results", call.outputCount, function.outputCount),
      ] {
        guard let taken, given != taken else { continue }
        throw ProtobufError(
          description: "the node \(call.node) calls \(call.function) with \(given) \(what), which "
            + "has \(taken)")
      }
    }
    try checkNesting()
  }

  private func checkList(_ node: GraphNode) throws(ProtobufError) {
    guard let count = node.integers["N"] else { return }
    if count < 0 || count > max(node.inputCount, Self.greatestListCount) {
      throw ProtobufError(
        description:
          "the node \(node.name) (\(node.operation)) with \(node.inputCount) inputs has a "
          + "list of \(count)")
    }
  }

  private func check(
    _ constant: GraphNode.Constant, _ key: String, of node: GraphNode
  ) throws(ProtobufError) {
    if node.operation == "Const", key == "value", let type = node.types["dtype"],
      type != constant.type
    {
      throw ProtobufError(
        description: "the constant \(node.name) is of type \(type), its value of type "
          + "\(constant.type)")
    }
    var byteCount = constant.type == 7 ? Int64(TensorFlowAPI.stringStride) : 1
    for size in constant.dimensions {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: size)
      if size < 0 || overflow || product > Int64(Self.greatestConstant) {
        throw ProtobufError(
          description: "the constant \(key) of the node \(node.name) has the impossible dimensions "
            + "\(constant.dimensions)")
      }
      byteCount = product
    }
  }

  /// Makes sure that replacing calls by the functions called comes to an end.
  private func checkNesting() throws(ProtobufError) {
    var done: [String: (depth: Int, nodeCount: Int)] = [:]
    for root in functions.keys where done[root] == nil {
      // Each function on the way, with the place in its callees that comes next.
      var path = [(name: root, next: 0)]
      var onPath: Set<String> = [root]
      while let (name, next) = path.last {
        let function = functions[name] ?? Function()
        if next < function.callees.count {
          path[path.count - 1].next += 1
          let callee = function.callees[next]
          guard functions[callee] != nil, done[callee] == nil else { continue }
          if !onPath.insert(callee).inserted {
            throw ProtobufError(description: "the function \(callee) calls itself")
          }
          path.append((callee, 0))
          continue
        }
        var (depth, nodeCount) = (1, function.nodeCount)
        for callee in function.callees {
          guard let inner = done[callee] else { continue }
          depth = max(depth, inner.depth + 1)
          nodeCount = min(nodeCount + inner.nodeCount, Self.greatestNodeCount + 1)
        }
        if depth > Self.greatestDepth || nodeCount > Self.greatestNodeCount {
          throw ProtobufError(
            description: "the function \(name) has too many other functions nested in it")
        }
        done[name] = (depth, nodeCount)
        onPath.remove(name)
        path.removeLast()
      }
    }
  }
}

extension GraphChecks.Function {
  /// The signature of a function (`OpDef`) and its name.
  init(signature reader: ProtobufReader, name: inout String) throws(ProtobufError) {
    (inputCount, outputCount) = (0, 0)
    try reader.eachMessage { number, message throws(ProtobufError) in
      switch number {
      case 1: name = message.text
      case 2: inputCount = try Self.counting(message, after: inputCount)
      case 3: outputCount = try Self.counting(message, after: outputCount)
      default: break
      }
    }
  }

  /// One more than `count`, unless the argument (`OpDef.ArgDef`) stands for a list.
  private static func counting(
    _ reader: ProtobufReader, after count: Int?
  ) throws(ProtobufError) -> Int? {
    var reader = reader
    while let field = try reader.next() {
      // The names of attributes that give the length of a list, or its types.
      if field.number == 5 || field.number == 6, case .bytes(let range) = field.value,
        !range.isEmpty
      {
        return nil
      }
    }
    return count.map { $0 + 1 }
  }
}
