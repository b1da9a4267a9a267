import Models
import Tensors
import Testing

/// What all runtimes share: order, checks, names and types.
struct InProcessModelTests {
  static let a = TensorSpecification(
    name: "a", elementType: .float32, shape: [-1, 3], dimensionNames: ["batch", nil])
  static let b = TensorSpecification(
    name: "b", elementType: .int64, shape: [], hasShape: false)
  static let sum = TensorSpecification(name: "sum", elementType: .float32, shape: [-1])
  static let text = TensorSpecification(name: "text", elementType: .string, shape: [-1, 2])

  /// Gives the first input's rows added up, and a text.
  static let model = StubRuntime(
    ModelSignature(
      inputs: [a, b], outputs: [sum, text],
      refusals: ["sparse": "the output sparse is a sparse tensor"])
  ) { tensors in
    let x: Tensor<Float> = try tensors[0].typed()
    let sums = (0..<x.rowCount).map { x.rows($0..<$0 + 1).scalars.reduce(0, +) }
    return [.float32(Tensor(sums)), .string(try StringTensor(["yes", "no"], shape: [1, 2]))]
  }

  static let rows = Tensor<Float>(repeating: 1, shape: [2, 3])
  static let ids = Tensor<Int64>([7])

  struct Bad: CustomTestStringConvertible, Sendable {
    var feeds: [String: AnyTensor]
    var tensor: String?
    var text: String
    var testDescription: String { text }
  }

  static let bad = [
    Bad(
      feeds: [:], tensor: "a",
      text: "there is no tensor for the input a: float32[?, 3]; given are none"),
    Bad(
      feeds: ["a": .float32(rows), "c": .int64(ids)], tensor: "b",
      text: "there is no tensor for the input b: int64[]; given are a, c"),
    Bad(
      feeds: ["a": .float32(rows), "b": .int64(ids), "z": .int64(ids)], tensor: "z",
      text: "it has no input called z; it takes a: float32[?, 3], b: int64[]"),
    Bad(
      feeds: ["a": .int64(ids), "b": .int64(ids)], tensor: "a",
      text: "the input a takes float32[?, 3], but the tensor holds int64[1]; convert it"),
    Bad(
      feeds: ["a": .float32(Tensor(repeating: 1, shape: [2, 4])), "b": .int64(ids)], tensor: "a",
      text: "the input a takes the shape [batch, 3], but the tensor has [2, 4]"),
    Bad(
      feeds: ["a": .float32(Tensor(repeating: 1, shape: [6])), "b": .int64(ids)], tensor: "a",
      text: "the input a takes the shape [batch, 3], but the tensor has [6]"),
  ]

  @Test(arguments: bad) func badInputs(_ bad: Bad) async {
    let error = await #expect(throws: StubError.self) {
      try await Self.model.run(bad.feeds, outputs: nil)
    }
    #expect(error?.problem == SignatureProblem(.input, tensor: bad.tensor, bad.text))
    #expect(throws: StubError.self) { try Self.model.run(bad.feeds) }
  }

  @Test func wrongNumber() {
    let error = #expect(throws: StubError.self) { try Self.model.run([.float32(Self.rows)]) }
    #expect(
      error?.problem.message == "it takes 2 tensors (a: float32[?, 3], b: int64[]), not 1")
  }

  @Test(arguments: [[], [4], [1, 2, 3]] as [Shape]) func anyNumberOfDimensions(_ shape: Shape)
    throws
  {
    let results = try Self.model.run([
      "a": .float32(Self.rows), "b": .int64(Tensor(repeating: 1, shape: shape)),
    ])
    #expect(results["sum"] == .float32(Tensor([3, 3])))
  }

  @Test(arguments: [
    ("other", "it has no output called other; it gives sum: float32[?], text: string[?, 2]"),
    ("sparse", "the output sparse is a sparse tensor"),
  ])
  func badOutputs(_ name: String, _ text: String) async {
    let feeds: [String: AnyTensor] = ["a": .float32(Self.rows), "b": .int64(Self.ids)]
    let error = await #expect(throws: StubError.self) {
      try await Self.model.run(feeds, outputs: [name])
    }
    #expect(error?.problem == SignatureProblem(.output, tensor: name, text))
  }

  @Test func names() async throws {
    let feeds: [String: AnyTensor] = ["b": .int64(Self.ids), "a": .float32(Self.rows)]
    #expect(try await Self.model.run(feeds, outputs: ["text"]).keys.sorted() == ["text"])
    #expect(try await Self.model.run(feeds, outputs: nil).keys.sorted() == ["sum", "text"])
    #expect(try await Self.model.run(feeds, outputs: []).isEmpty)
    #expect(try Self.model.run([.float32(Self.rows), .int64(Self.ids)]).count == 2)
  }

  @Test func types() throws {
    let sums: Tensor<Float> = try Self.model.run(Self.rows, Self.ids, output: "sum")
    #expect(sums.scalars == [3, 3])
    let words: StringTensor = try Self.model.run(Self.rows, Self.ids, output: "text")
    #expect(words.strings == ["yes", "no"])
    let vague = #expect(throws: StubError.self) {
      let _: Tensor<Float> = try Self.model.run(Self.rows, Self.ids)
    }
    #expect(
      vague?.problem.message
        == "it has 2 outputs, sum: float32[?], text: string[?, 2]; say which one is wanted, or run "
        + "it with named tensors")
    let other = #expect(throws: StubError.self) {
      let _: Tensor<Double> = try Self.model.run(Self.rows, Self.ids, output: "sum")
    }
    #expect(other?.problem.message == "the output sum: float32[?] was asked for as float64")
    let none = #expect(throws: StubError.self) {
      let _: StringTensor = try Self.model.run(Self.rows, Self.ids, output: "sum")
    }
    #expect(none?.problem.message == "the output sum: float32[?] holds no strings")
  }

  @Test func strings() throws {
    let word = TensorSpecification(name: "word", elementType: .string, shape: [-1])
    let lengths = StubRuntime(ModelSignature(inputs: [word], outputs: [Self.sum])) { tensors in
      guard case .string(let words) = tensors[0] else { return [] }
      return [.float32(Tensor(words.strings.map { Float($0.count) }))]
    }
    let found: Tensor<Float> = try lengths.run(StringTensor(["", "ab", "c"]))
    #expect(found.scalars == [0, 2, 1])
  }

  @Test func emptyOutputs() {
    let fixed = TensorSpecification(name: "fixed", elementType: .int8, shape: [2])
    let wide = TensorSpecification(name: "wide", elementType: .int8, shape: [-1, -1, 4])
    let signature = ModelSignature(inputs: [], outputs: [Self.text, fixed, wide])
    #expect(signature.emptyOutput(at: 0)?.shape == [0, 2])
    #expect(signature.emptyOutput(at: 0)?.elementType == .string)
    #expect(signature.emptyOutput(at: 1) == nil)
    #expect(signature.emptyOutput(at: 2)?.shape == [0, 0, 4])
  }

  @Test func texts() {
    let signature = Self.model.modelSignature
    #expect(
      signature.description
        == "(a: float32[?, 3], b: int64[]) -> (sum: float32[?], text: string[?, 2])"
    )
    #expect(
      signature.failedRun(on: [.float32(Self.rows), .int64(Self.ids)], "why")
        == "the run failed on inputs of shapes a[2, 3], b[1]: why")
  }
}
