import Models
import Tensors
import Testing

/// A tensor with the names of its dimensions: a number is a size, `?` a size that varies without a name,
/// `*` alone any shape.
func declared(_ name: String, _ dimensions: String...) -> TensorSpecification {
  if dimensions == ["*"] {
    return TensorSpecification(name: name, elementType: .float32, shape: [], hasShape: false)
  }
  return TensorSpecification(
    name: name, elementType: .float32, shape: Shape(dimensions.map { Int($0) ?? -1 }),
    dimensionNames: dimensions.map { Int($0) != nil || $0 == "?" ? nil : $0 })
}

/// Where the rows are found, from names and positions.
@Suite struct BatchLayoutTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var inputs: [TensorSpecification]
    var outputs: [TensorSpecification]
    var batch: BatchDimension?
    var isOneRowARun: Bool
    var rows: BatchLayout.Rows
    var places: [BatchLayout.Place]
    var outputPlaces: [BatchLayout.Place]

    init(
      _ name: String, _ inputs: [TensorSpecification],
      _ outputs: [TensorSpecification], batch: BatchDimension? = nil, isOneRowARun: Bool = false,
      rows: BatchLayout.Rows = .any, _ places: [BatchLayout.Place],
      _ outputPlaces: [BatchLayout.Place]
    ) {
      testDescription = name
      self.inputs = inputs
      self.outputs = outputs
      self.batch = batch
      self.isOneRowARun = isOneRowARun
      self.rows = rows
      self.places = places
      self.outputPlaces = outputPlaces
    }
  }

  static let cases: [Case] = [
    Case(
      "first, unnamed", [declared("x", "?", "4")], [declared("y", "?", "3")], [.axis(0)], [.open]),
    Case(
      "first, named", [declared("x", "N", "4")], [declared("y", "N", "3")], [.axis(0)], [.axis(0)]),
    Case(
      "second in one of two", [declared("x", "N", "512"), declared("state", "2", "N", "128")],
      [declared("y", "N", "1"), declared("stateN", "2", "N", "128")], [.axis(0), .axis(1)],
      [.axis(0), .axis(1)]),
    Case(
      "second in one of two, neutral name",
      [declared("x", "q", "512"), declared("state", "2", "q", "128")],
      [declared("y", "q", "1"), declared("stateN", "2", "q", "128")], [.axis(0), .axis(1)],
      [.axis(0), .axis(1)]),
    Case(
      "second in one of two, name of an exporter",
      [declared("x", "s0", "512"), declared("state", "2", "s0", "128")],
      [declared("y", "s0", "1")], [.axis(0), .axis(1)], [.axis(0)]),
    Case(
      "time before batch", [declared("x", "time", "batch", "3")],
      [declared("y", "time", "batch", "2"), declared("last", "batch", "2")], [.axis(1)],
      [.axis(1), .axis(0)]),
    Case(
      "a name that may be the batch's behind another", [declared("x", "3", "B", "4")],
      [declared("y", "B", "2")], [.axis(1)], [.axis(0)]),
    Case(
      "time before N", [declared("x", "T", "N", "3")], [declared("y", "N")], [.axis(1)], [.axis(0)]),
    Case(
      "batch before time", [declared("x", "batch", "seq")],
      [declared("y", "batch", "seq", "8")], [.axis(0)], [.axis(0)]),
    Case(
      "first of two neutral names", [declared("x", "p", "q", "3")], [declared("y", "p", "q", "2")],
      [.axis(0)], [.axis(0)]),
    Case(
      "N points in a batch B", [declared("x", "B", "N", "3")], [declared("y", "B", "N")],
      [.axis(0)], [.axis(0)]),
    Case(
      "different names of an exporter for the same",
      [declared("ids", "ids_dynamic_axes_1", "?"), declared("mask", "mask_dynamic_axes_1", "?")],
      [declared("y", "Gemmy_dim_0", "2")], [.axis(0), .axis(0)], [.open]),
    Case(
      "a scalar that all share", [declared("x", "N", "4"), declared("rate")],
      [declared("y", "N")], [.axis(0), .whole], [.axis(0)]),
    Case(
      "an input without rows", [declared("x", "batch", "seq"), declared("position", "seq")],
      [declared("y", "batch", "2")], [.axis(0), .whole], [.axis(0)]),
    Case(
      "a constant output", [declared("x", "N", "4")],
      [declared("y", "N"), declared("classes", "2"), declared("version")], [.axis(0)],
      [.axis(0), .whole, .whole]),
    Case(
      "an output of other rows", [declared("x", "n", "3")], [declared("y", "k", "3")], [.axis(0)],
      [.whole]),
    Case(
      "every row with every row", [declared("x", "N", "3")], [declared("y", "N", "N")], [.axis(0)],
      [.whole]),
    Case(
      "an output of any shape", [declared("x", "N", "3")], [declared("y", "*")], [.axis(0)], [.open]
    ),
    Case(
      "an output that still declares one row", [declared("x", "N", "3")], [declared("y", "1", "3")],
      [.axis(0)], [.open]),
    Case("an input of any shape", [declared("x", "*")], [declared("y", "*")], [.axis(0)], [.open]),
    Case(
      "one row", [declared("x", "1", "3", "4", "4")],
      [declared("boxes", "n", "4"), declared("y", "1", "10")], rows: .one, [.axis(0)],
      [.whole, .open]),
    Case(
      "one row, elsewhere too", [declared("x", "1", "512"), declared("state", "2", "1", "128")],
      [declared("y", "1", "1"), declared("stateN", "2", "1", "128")], rows: .one,
      [.axis(0), .whole], [.open, .whole]),
    Case(
      "one row of varying length", [declared("x", "1", "seq")], [declared("y", "1", "seq", "2")],
      rows: .one, [.axis(0)], [.open]),
    Case("scalars", [declared("x")], [declared("y")], rows: .one, [.whole], [.whole]),
    Case(
      "four rows", [declared("x", "4", "3")], [declared("y", "4"), declared("z", "*")],
      rows: .fixed(4), [.axis(0)], [.axis(0), .open]),
    Case(
      "asked for by name", [declared("x", "p", "q", "3")], [declared("y", "q", "2")], batch: "q",
      [.axis(1)], [.axis(0)]),
    Case(
      "asked for by several names", [declared("x", "N", "3"), declared("z", "M", "3")],
      [declared("y", "M", "2")], batch: "N,M", [.axis(0), .axis(0)], [.axis(0)]),
    Case(
      "asked for by position", [declared("x", "?", "512"), declared("state", "2", "?", "128")],
      [declared("y", "?", "1"), declared("stateN", "2", "?", "128")],
      batch: "x:0,state:1,stateN:1", [.axis(0), .axis(1)], [.open, .axis(1)]),
    Case(
      "asked for whole tensors", [declared("x", "seq", "3")], [declared("y", "seq")],
      batch: BatchDimension.none, rows: .one, [.whole], [.whole]),
    Case(
      "asked for a fixed size", [declared("x", "4", "3"), declared("w", "7")],
      [declared("y", "4", "3")], batch: "x:0", rows: .fixed(4), [.axis(0), .whole], [.axis(0)]),
    Case(
      "ambiguous, but one row a run",
      [declared("x", "?", "512"), declared("state", "2", "?", "128")],
      [declared("y", "?", "1"), declared("stateN", "2", "?", "128")], isOneRowARun: true,
      rows: .one, [.axis(0), .whole], [.open, .whole]),
  ]

  @Test(arguments: cases) func isFound(_ item: Case) throws {
    let layout = try BatchLayout(
      inputs: item.inputs, outputs: item.outputs, batch: item.batch,
      isOneRowARun: item.isOneRowARun)
    #expect(
      layout == BatchLayout(rows: item.rows, inputs: item.places, outputs: item.outputPlaces))
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var inputs: [TensorSpecification]
    var outputs: [TensorSpecification]
    var batch: BatchDimension?
    var isOneRowARun = false
    var texts: [String] = ["ambiguous"]
  }

  static let refusals: [Refusal] = [
    Refusal(
      testDescription: "rows first here, elsewhere there",
      inputs: [declared("x", "?", "512"), declared("state", "2", "?", "128")],
      outputs: [declared("y", "?", "1")],
      texts: ["x: float32[?, 512]", "state: float32[2, ?, 128]", "--batch-dimension"]),
    Refusal(
      testDescription: "two names, the output has the second",
      inputs: [declared("x", "p", "q", "3")], outputs: [declared("y", "q", "2")],
      texts: ["x: float32[p, q, 3]", "y: float32[q, 2]"]),
    Refusal(
      testDescription: "two names, the output has the second, one row a run",
      inputs: [declared("x", "p", "q", "3")], outputs: [declared("y", "q", "2")],
      isOneRowARun: true),
    Refusal(
      testDescription: "nothing but a sequence", inputs: [declared("ids", "sequence")],
      outputs: [declared("y", "sequence", "8")], isOneRowARun: true),
    Refusal(
      testDescription: "queries and keys",
      inputs: [declared("q", "queries", "8"), declared("k", "keys", "8")],
      outputs: [declared("y", "queries", "8")]),
    Refusal(
      testDescription: "the batch twice in an input", inputs: [declared("x", "batch", "batch")],
      outputs: [declared("y", "batch")]),
    Refusal(
      testDescription: "fixed sizes that differ",
      inputs: [declared("a", "2", "128"), declared("b", "3", "4")], outputs: [declared("y", "5")],
      texts: ["no batch", "batch: .none"]),
    Refusal(
      testDescription: "a fixed size that the output has not",
      inputs: [declared("x", "3", "224", "224")], outputs: [declared("y", "1000")],
      texts: ["not all tensors begin with a batch of 3", "batch: .none"]),
    Refusal(
      testDescription: "a fixed size beside one that varies",
      inputs: [declared("state", "2", "?", "128")], outputs: [declared("y", "2", "?")],
      texts: ["no batch"]),
    Refusal(
      testDescription: "a name that nothing has", inputs: [declared("x", "N", "3")],
      outputs: [declared("y", "N")], batch: "M", texts: ["no dimension is called 'M'"]),
    Refusal(
      testDescription: "a name that no input has", inputs: [declared("x", "N", "3")],
      outputs: [declared("y", "M")], batch: "M", texts: ["no input has the dimension 'M'"]),
    Refusal(
      testDescription: "a tensor that there is not", inputs: [declared("x", "N", "3")],
      outputs: [declared("y", "N")], batch: "z:0", texts: ["no tensor is called 'z'"]),
    Refusal(
      testDescription: "a position that there is not", inputs: [declared("x", "N", "3")],
      outputs: [declared("y", "N")], batch: "x:2", texts: ["has no dimension 2"]),
  ]

  @Test(arguments: refusals) func isRefused(_ item: Refusal) async {
    let text = await message {
      _ = try BatchLayout(
        inputs: item.inputs, outputs: item.outputs, batch: item.batch,
        isOneRowARun: item.isOneRowARun)
    }
    for expected in item.texts { #expect(text.contains(expected), "\(text)") }
  }

  @Test(arguments: [
    ("N", "N"), ("N,M", "N,M"), ("x:0", "x:0"), ("state:1,x:0", "state:1,x:0"),
    ("input:0:1", "input:0:1"), ("none", "none"), ("x:0,N", "x:0,N"),
  ])
  func isWrittenAsText(_ text: String, _ description: String) {
    #expect(BatchDimension(text).description == description)
  }
}
