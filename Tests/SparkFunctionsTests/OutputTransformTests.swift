import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// What becomes of a classifier's numbers: probabilities, the greatest one's position, the best classes.
@Suite("Transforms of outputs")
struct OutputTransformTests {
  private static let logits: [[Float]] = [
    [0, 1, 2], [3, 1, 3], [-1, -1, -1], [.nan, 5, 0], [1000, 0, 999], [0, -.infinity, 1],
  ]

  /// Gives the numbers of the row whose number it gets, in the last dimension of what is declared.
  private static func model(
    _ output: TensorSpecification, _ element: ElementType = .float32,
    dropsRow: Bool = false
  ) -> StubModel {
    var output = output
    output.elementType = element
    let (name, shape) = (output.name, output.hasShape ? output.shape : [-1, 3])
    return StubModel(inputs: [declared("x", "N")], outputs: [output]) { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      let parts = shape.dropFirst().dropLast().reduce(1) { $0 * ($1 < 0 ? 2 : $1) }
      let numbers = x.scalars.flatMap { row in
        (0..<parts).flatMap { part in Self.logits[(Int(row) + part) % Self.logits.count] }
      }
      var dimensions = [x.rowCount] + shape.dropFirst().dropLast().map { $0 < 0 ? 2 : $0 } + [3]
      if dropsRow, x.rowCount == 1 { dimensions.removeFirst() }
      let tensor = try Tensor(numbers, shape: Shape(dimensions))
      switch element {
      case .float64: return [name: .float64(tensor.map { Double($0) })]
      case .float16: return [name: .float16(tensor.map { Float16($0) })]
      case .int64: return [name: .int64(tensor.map { $0.isFinite ? Int64($0) : 0 })]
      default: return [name: .float32(tensor)]
      }
    }
  }

  private static let reference = ModelReference(
    format: .onnx, file: "0123-m.onnx", name: "folder/m.onnx")

  private static func plan(
    _ model: any Model, _ transforms: [String: OutputTransform], only: [String]? = nil,
    batchSize: Int = 4
  ) throws -> PredictionPlan {
    try ModelPrediction.plan(
      model: model, reference: reference, table: ["x": .float], only: only, batchSize: batchSize,
      transforms: transforms)
  }

  /// The predictions of the rows from 0 to 5, each alone in its struct.
  private func predict(
    _ model: any Model, _ transform: OutputTransform, batchSize: Int
  ) async throws -> [ArrowValue] {
    let plan = try Self.plan(model, ["y": transform], batchSize: batchSize)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await ModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
      BatchList([try Columns.batch(("x", Columns.floats([0, 1, 2, 3, 4, 5])))]),
      invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var columns: [ArrowColumn] = []
    while let batch = try await output.next() { columns += batch.columns }
    let column = try ArrowColumn.concatenating(columns)
    #expect(column.type == (try DataType.struct(plan.returnType).arrowType()))
    return column.values.map { value in
      if case .structure(let fields) = value { fields[0] } else { value }
    }
  }

  private static func list(_ values: [Double]) -> ArrowValue { .list(values.map { .float($0) }) }

  private static func isNear(_ found: ArrowValue, _ wanted: [Double], within: Double) -> Bool {
    guard case .list(let values) = found, values.count == wanted.count else { return false }
    return zip(values, wanted).allSatisfy { value, wanted in
      guard case .float(let number) = value else { return false }
      return wanted.isNaN ? number.isNaN : abs(number - wanted) <= within
    }
  }

  /// By NumPy: `e = np.exp(x - x.max()); e / e.sum()`.
  private static let probabilities: [[Double]] = [
    [0.09003057317038046, 0.24472847105479764, 0.6652409557748219],
    [0.4683105308334812, 0.06337893833303762, 0.4683105308334812],
    [1 / 3, 1 / 3, 1 / 3], [.nan, .nan, .nan], [0.7310585786300049, 0, 0.2689414213699951],
    [0.2689414213699951, 0, 0.7310585786300049],
  ]

  @Test("softmax, in the precision of the output", arguments: [1, 2, 4, 6])
  func softmax(_ batchSize: Int) async throws {
    for (element, within) in [
      (.float32, 2e-7), (.float64, 1e-15), (.float16, 2e-7),
    ] as [(ElementType, Double)] {
      let model = Self.model(declared("y", "N", "3"), element)
      let rows = try await predict(model, .softmax, batchSize: batchSize)
      let type: DataType = .array(element == .float64 ? .double : .float)
      #expect(try Self.plan(model, ["y": .softmax]).returnType[0].type == type)
      for (found, wanted) in zip(rows, Self.probabilities) {
        #expect(Self.isNear(found, wanted, within: within), "\(element) \(found)")
      }
    }
  }

  @Test("argmax is NumPy's: the first among equals, NaN before all", arguments: [1, 2, 4, 6])
  func argmax(_ batchSize: Int) async throws {
    for output in [declared("y", "N", "3"), declared("y", "N", "?"), declared("y", "*")] {
      let rows = try await predict(Self.model(output), .argmax, batchSize: batchSize)
      #expect(rows == [2, 0, 0, 0, 0, 2].map { .int($0) }, "\(output.declaration)")
    }
    let whole = try await predict(
      Self.model(declared("y", "N", "3"), .int64), .argmax, batchSize: batchSize)
    #expect(whole == [2, 0, 0, 1, 0, 2].map { .int($0) })
    let dropping = Self.model(declared("y", "*"), dropsRow: true)
    if batchSize == 1 {
      let rows = try await predict(dropping, .argmax, batchSize: 1)
      #expect(rows == [2, 0, 0, 0, 0, 2].map { .int($0) })
    }
  }

  @Test("of several vectors a row each has its own", arguments: [1, 2, 4, 6])
  func vectors(_ batchSize: Int) async throws {
    let best: [Int64] = [2, 0, 0, 0, 0, 2]
    for output in [declared("y", "N", "2", "3"), declared("y", "N", "tokens", "3")] {
      let model = Self.model(output)
      let rows = try await predict(model, .argmax, batchSize: batchSize)
      #expect(try Self.plan(model, ["y": .argmax]).returnType[0].type == .array(.integer))
      for (row, found) in rows.enumerated() {
        #expect(found == .list([.int(best[row]), .int(best[(row + 1) % 6])]), "row \(row)")
      }
      let softmax = try await predict(model, .softmax, batchSize: batchSize)
      for (row, found) in softmax.enumerated() {
        let wanted = Self.probabilities[row] + Self.probabilities[(row + 1) % 6]
        #expect(Self.isNear(found, wanted, within: 2e-7), "row \(row)")
      }
    }
    // One of them is as none.
    let one = try await predict(
      Self.model(declared("y", "N", "1", "3")), .argmax, batchSize: batchSize)
    #expect(one == best.map { .int($0) })
  }

  @Test("the best classes with their labels, the best one first", arguments: [1, 2, 4, 6])
  func topK(_ batchSize: Int) async throws {
    func row(_ entries: (String, Double)...) -> ArrowValue {
      .list(entries.map { .structure([.string($0.0), .float($0.1)]) })
    }
    let model = Self.model(declared("y", "N", "3"))
    let found = try await predict(
      model, .topK(2, labels: ["a", "b", "c"]), batchSize: batchSize)
    #expect(
      found[..<3] == [
        row(("c", 2), ("b", 1)), row(("a", 3), ("c", 3)), row(("a", -1), ("b", -1)),
      ])
    #expect("\(found[3])".contains("nan") && "\(found[3])".contains("\"b\""), "\(found[3])")
    #expect(found[4...] == [row(("a", 1000), ("c", 999)), row(("c", 1), ("a", 0))])
    let type = try Self.plan(model, ["y": .topK(2)]).returnType[0].type
    #expect(type.ddl == "array<struct<label:string,score:float>>")
    // Without labels classes are called by their positions.
    let numbers = try await predict(model, .topK(3, softmax: true), batchSize: batchSize)
    #expect(
      numbers[2]
        == row(
          ("0", Double(Float(1) / 3)), ("1", Double(Float(1) / 3)), ("2", Double(Float(1) / 3))))
    let halves = try await predict(
      Self.model(declared("y", "N", "3"), .float16), .topK(1), batchSize: batchSize)
    #expect(halves[0] == row(("2", 2)))
  }

  @Test("the best class is that of argmax, however near the numbers are", arguments: [false, true])
  func nearNumbers(_ isSoftmax: Bool) async throws {
    var output = declared("y", "N", "3")
    output.elementType = .float64
    let model = StubModel(inputs: [declared("x", "N")], outputs: [output]) { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      let numbers = (0..<x.rowCount).flatMap { _ in [1, 1 + 1e-12, 1 - 1e-12] as [Double] }
      return ["y": .float64(try Tensor(numbers, shape: Shape([x.rowCount, 3])))]
    }
    let type = try Self.plan(model, ["y": .topK(3)]).returnType[0].type
    #expect(type.ddl == "array<struct<label:string,score:double>>")
    let best = try await predict(model, .argmax, batchSize: 4)
    let classes = try await predict(model, .topK(3, softmax: isSoftmax), batchSize: 4)
    for (best, classes) in zip(best, classes) {
      guard case .list(let entries) = classes else {
        Issue.record("\(classes)")
        continue
      }
      let labels = entries.map { entry in
        if case .structure(let fields) = entry { fields[0] } else { entry }
      }
      #expect(best == .int(1) && labels == ["1", "0", "2"].map { .string($0) })
    }
  }

  @Test("what does not fit is said before the job")
  func refusals() throws {
    let three = Self.model(declared("y", "N", "3"))
    let file = ClassLabels(["a", "b"], file: "labels.txt")
    let cases: [(StubModel, [String: OutputTransform], String)] = [
      (
        three, ["y": .topK(2, labels: file)],
        ".topK(2) (--top-k) of the output y: float32[?, 3]: the file labels.txt has 2 labels, expected "
          + "3, one for each class; name the file that belongs to the model with labels: (--labels)"
      ),
      (three, ["y": .topK(4)], "4 classes are wanted, the model has 3"),
      (three, ["y": .topK(0)], "0 classes are wanted, the model has 3"),
      (Self.model(declared("y", "N", "?")), ["y": .topK(0)], "0 classes are wanted, it must be"),
      (three, ["z": .softmax], "the model has no output 'z'; its outputs are y: float32[?, 3]"),
      (
        Self.model(declared("y", "N", "3"), .int64), ["y": .softmax],
        ".softmax (--softmax) of the output y: int64[?, 3], which has no floating-point numbers"
      ),
      (Self.model(declared("y", "N", "3"), .string), ["y": .argmax], "which has no numbers"),
      (
        Self.model(declared("y", "N", "1")), ["y": .softmax],
        "which has one number a row and no classes to choose from; take the number as it is"
      ),
      (Self.model(declared("y", "N")), ["y": .argmax], "which has one number a row"),
      (
        Self.model(declared("y", "N", "3", "1", "1")), ["y": .argmax],
        "float32[?, 3, 1, 1], which has one number in its last dimension, where the classes must be"
      ),
      (
        Self.model(declared("y", "N", "?")), ["y": .topK(3, labels: file)],
        "3 classes are wanted, and the file labels.txt has 2; take at least one, and at most .topK(2)"
      ),
      (
        Self.model(declared("y", "N", "2", "3")), ["y": .topK(1)],
        "which has several classifications a row, [2, 3]"
      ),
    ]
    for (model, transforms, text) in cases {
      let error = #expect(throws: InferenceError.self) { try Self.plan(model, transforms) }
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
      #expect(error?.function == "folder/m.onnx")
    }
    let chosen = StubModel(
      inputs: [declared("x", "N")], outputs: [declared("y", "N", "3"), declared("z", "N", "3")]
    ) { _ in [:] }
    let error = #expect(throws: InferenceError.self) {
      try Self.plan(chosen, ["z": .softmax], only: ["y"])
    }
    #expect(
      error?.message.contains("which is not among those that only: (--outputs) takes: y") == true)
  }

  @Test("what shows only in a run is said then", arguments: [1, 4])
  func laterRefusals(_ batchSize: Int) async throws {
    let open = Self.model(declared("y", "N", "?"))
    let text = await message {
      _ = try await predict(open, .topK(1, labels: ["a"]), batchSize: batchSize)
    }
    #expect(text.contains("labels: has 1 labels, expected 3"), "\(text)")
    let single = StubModel(inputs: [declared("x", "N")], outputs: [declared("y", "N", "?")]) {
      inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      return ["y": .float32(try x.reshaped(to: [x.rowCount, 1]))]
    }
    let one = await message { _ = try await predict(single, .softmax, batchSize: batchSize) }
    #expect(one.contains("which has one number a row"), "\(one)")
  }

  @Test("parameters of drivers that know no transforms are read")
  func older() throws {
    let plan = try Self.plan(Self.model(declared("y", "N", "3")), [:])
    let json = String(decoding: try plan.encodedParameters(), as: UTF8.self)
    #expect(!json.contains("transform"))
    let transformed = try Self.plan(
      Self.model(declared("y", "N", "3")), ["y": .topK(2, labels: ["a", "b", "c"])])
    let invocation = FunctionInvocation(
      function: "f", id: "f", fingerprint: "", parameters: try transformed.encodedParameters())
    #expect(
      try invocation.decodeParameters(as: ModelPrediction.Parameters.self)
        == transformed.parameters)
  }
}
