import ProtobufReading
import Testing

@testable import TensorFlowRuntime

/// Graphs that would end the process if TensorFlow got them; they are refused before.
@Suite("Graphs that TensorFlow does not survive")
struct GraphChecksTests {
  /// A graph, written as Protocol Buffers are.
  struct Graph: CustomTestStringConvertible, Sendable {
    var nodes: [[UInt8]] = []
    /// The names of functions, with the numbers of arguments and results, and the nodes.
    var functions: [(name: String, inputs: Int, outputs: Int, nodes: [[UInt8]])] = []
    /// What is wrong; `nil` if nothing is.
    var text: String?
    var testDescription: String { text ?? "a good graph" }

    var metaGraph: [UInt8] {
      var library: [UInt8] = []
      for function in functions {
        var signature = GraphChecksTests.field(1, Array(function.name.utf8))
        for _ in 0..<function.inputs {
          signature += GraphChecksTests.field(2, GraphChecksTests.field(1, [0x61]))
        }
        for _ in 0..<function.outputs {
          signature += GraphChecksTests.field(3, GraphChecksTests.field(1, [0x62]))
        }
        library += GraphChecksTests.field(
          1,
          GraphChecksTests.field(1, signature)
            + function.nodes.flatMap { GraphChecksTests.field(3, $0) })
      }
      return GraphChecksTests.field(
        2, nodes.flatMap { GraphChecksTests.field(1, $0) } + GraphChecksTests.field(2, library))
    }
  }

  static func number(_ value: Int64) -> [UInt8] {
    var rest = UInt64(bitPattern: value)
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func field(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [field << 3 | 2] + number(Int64(bytes.count)) + bytes
  }

  static func field(_ field: UInt8, _ value: Int64) -> [UInt8] { [field << 3] + number(value) }

  static func node(
    _ operation: String, inputs: Int = 0, _ attributes: [(String, [UInt8])] = []
  ) -> [UInt8] {
    field(1, Array("n".utf8)) + field(2, Array(operation.utf8))
      + (0..<inputs).flatMap { _ in field(3, Array("x".utf8)) }
      + attributes.flatMap { field(5, field(1, Array($0.0.utf8)) + field(2, $0.1)) }
  }

  static func types(_ count: Int) -> [UInt8] {
    field(1, field(6, [UInt8](repeating: 1, count: count)))
  }

  static func function(_ name: String) -> [UInt8] { field(10, field(1, Array(name.utf8))) }

  static func call(_ name: String, _ inputs: Int, _ outputs: Int) -> [UInt8] {
    node(
      "PartitionedCall", inputs: inputs,
      [("f", function(name)), ("Tin", types(inputs)), ("Tout", types(outputs))])
  }

  static func loop(_ count: Int) -> [UInt8] {
    node(
      "StatelessWhile", inputs: count,
      [("cond", function("cond")), ("body", function("body")), ("T", types(count))])
  }

  static func constant(_ type: Int64, _ dimensions: [Int64], declared: Int64) -> [UInt8] {
    let shape = dimensions.flatMap { field(2, field(1, $0)) }
    return node(
      "Const",
      [("dtype", field(6, declared)), ("value", field(8, field(1, type) + field(2, shape)))])
  }

  /// Functions of which each calls the next `fan` times.
  static func nest(depth: Int, fan: Int) -> [(String, Int, Int, [[UInt8]])] {
    (0..<depth).map { level in
      let inner =
        level + 1 < depth ? [[UInt8]](repeating: call("f\(level + 1)", 1, 1), count: fan) : []
      return ("f\(level)", 1, 1, inner + [node("Identity", inputs: 1)])
    }
  }

  static let graphs = [
    Graph(
      nodes: [call("f", 2, 1), loop(2)],
      functions: [
        ("f", 2, 1, []), ("body", 2, 2, []), ("cond", 2, 1, []),
      ]),
    Graph(nodes: [node("Pack", inputs: 2, [("N", field(3, 2))])]),
    Graph(nodes: [constant(1, [3, 0, 1 << 40], declared: 1)]),
    Graph(functions: nest(depth: 100, fan: 1)),
    Graph(functions: nest(depth: 12, fan: 2)),
    Graph(
      nodes: [node("Pack", inputs: 2, [("N", field(3, .max))])], text: "with 2 inputs has a list"),
    Graph(nodes: [node("Pack", inputs: 2, [("N", field(3, -1))])], text: "has a list of -1"),
    Graph(nodes: [constant(99, [], declared: 3)], text: "is of type 3, its value of type 99"),
    Graph(nodes: [constant(1, [2, -3], declared: 1)], text: "impossible dimensions [2, -3]"),
    Graph(nodes: [constant(7, [.max, 2], declared: 7)], text: "impossible dimensions"),
    Graph(nodes: [constant(1, [1 << 16, 1 << 16], declared: 1)], text: "impossible dimensions"),
    Graph(
      nodes: [call("f", 1, 1)], functions: [("f", 1, 2, [])], text: "with 1 results, which has 2"),
    Graph(
      nodes: [call("f", 1, 1)], functions: [("f", 3, 1, [])],
      text: "with 1 arguments, which has 3"),
    Graph(
      nodes: [node("PartitionedCall", [("f", function("f"))])], functions: [("f", 0, 1, [])],
      text: "with 0 results, which has 1"),
    Graph(
      nodes: [loop(2)], functions: [("cond", 2, 1, []), ("body", 2, 1, [])],
      text: "calls body with 2 results, which has 1"),
    Graph(functions: [("f", 1, 1, [call("f", 1, 1)])], text: "the function f calls itself"),
    Graph(
      functions: [("f", 1, 1, [call("g", 1, 1)]), ("g", 1, 1, [call("f", 1, 1)])],
      text: "calls itself"),
    Graph(functions: nest(depth: 1000, fan: 1), text: "too many other functions"),
    Graph(functions: nest(depth: 64, fan: 2), text: "too many other functions"),
  ]

  @Test(arguments: graphs) func graph(_ graph: Graph) {
    let bytes = graph.metaGraph
    do {
      _ = try bytes.withUnsafeBytes { try MetaGraph(ProtobufReader($0)) }
      #expect(graph.text == nil)
    } catch {
      #expect(graph.text.map { "\(error)".contains($0) } == true, "\(error)")
    }
  }
}
