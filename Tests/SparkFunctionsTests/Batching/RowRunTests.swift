import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

private let reference = ModelReference(format: .onnx, file: "m.onnx")

/// Predictions of rows that run together are those of each row alone, or errors.
@Suite struct RowRunTests {
  /// Predicts `batch` in batches of `size`.
  private func predict(
    _ model: StubModel, _ batch: RecordBatch, size: Int, dimension: BatchDimension? = nil,
    rows: RowRelation = .checked
  ) async throws -> [ArrowValue] {
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: StructType(arrow: batch.schema), batchSize: size,
      batch: dimension, rows: rows)
    let arguments = try RecordBatch(
      plan.argumentColumns.compactMap { name in batch.column(name).map { (name, $0) } })
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await ModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
      BatchList([arguments]), invocation: invocation,
      worker: WorkerContext(models: ModelCache()))
    var values: [ArrowValue] = []
    while let batch = try await output.next() { values += batch.columns[0].values }
    return values
  }

  private static func floats(_ tensors: [String: AnyTensor], _ name: String) throws -> Tensor<Float>
  {
    guard let tensor = tensors[name] else { throw TensorError("no input \(name)") }
    return try tensor.typed()
  }

  /// `[rows, width]` numbers from 0.
  private static func table(_ rows: Int, width: Int = 2) throws -> RecordBatch {
    try Columns.batch(("x", Columns.ascending(rows: rows, width: width)))
  }

  /// A model of `[N, 2]` whose one output is what `body` makes of it.
  private static func model(
    _ output: TensorSpecification, _ body: @escaping @Sendable (Tensor<Float>) throws -> AnyTensor
  ) -> StubModel {
    StubModel(inputs: [declared("x", "N", "2")], outputs: [output]) { inputs in
      [output.name: try body(try floats(inputs, "x"))]
    }
  }

  private static func list(_ values: Float...) -> ArrowValue {
    .structure([.list(values.map { ArrowValue.float(Double($0)) })])
  }

  /// What ``table(_:width:)`` holds, as predictions.
  private static func lists(_ rows: Int) -> [ArrowValue] {
    (0..<rows).map { (row: Int) -> ArrowValue in list(Float(2 * row), Float(2 * row + 1)) }
  }

  /// Doubles, the rows second: `[2, N]`.
  private static func transposed(_ output: TensorSpecification) -> StubModel {
    model(output) { x in
      let rows = x.rowCount
      return .float32(
        try Tensor((0..<2).flatMap { i in (0..<rows).map { x[$0, i] * 2 } }, shape: [2, rows]))
    }
  }

  @Test(arguments: 1...6) func rowsMayBeInAnyDimension(size: Int) async throws {
    let doubles = (0..<5).map { (row: Int) -> ArrowValue in
      Self.list(Float(4 * row), Float(4 * row + 2))
    }
    for output in [declared("y", "2", "N"), declared("y", "*"), declared("y", "2", "?")] {
      let values = try await predict(Self.transposed(output), Self.table(5), size: size)
      #expect(values == doubles, "\(output.declaration)")
    }
  }

  @Test(arguments: 1...6) func inputsMayHaveTheirRowsSecond(size: Int) async throws {
    let model = StubModel(
      inputs: [declared("x", "N", "2"), declared("state", "3", "N")],
      outputs: [declared("y", "N", "5")]
    ) { inputs in
      let x = try Self.floats(inputs, "x")
      let state = try Self.floats(inputs, "state")
      #expect(state.shape == [3, x.rowCount])
      var rows: [Float] = []
      for row in 0..<x.rowCount {
        rows += [x[row, 0], x[row, 1], state[0, row], state[1, row], state[2, row]]
      }
      return ["y": .float32(try Tensor(rows, shape: [x.rowCount, 5]))]
    }
    let batch = try Columns.batch(
      ("x", Columns.ascending(rows: 5, width: 2)),
      ("state", Columns.ascending(rows: 5, width: 3, from: 100)))
    let expected = (0..<5).map { row -> ArrowValue in
      let (x, state) = (Float(2 * row), Float(100 + 3 * row))
      return Self.list(x, x + 1, state, state + 1, state + 2)
    }
    #expect(try await predict(model, batch, size: size) == expected)
  }

  @Test(arguments: 1...6) func inputsWithoutRowsAreThoseOfTheRow(size: Int) async throws {
    let log = Log<Int>()
    let model = StubModel(
      inputs: [declared("x", "N", "2"), declared("rate")], outputs: [declared("y", "N")]
    ) { inputs in
      let x = try Self.floats(inputs, "x")
      let rate = try Self.floats(inputs, "rate")
      #expect(rate.shape == [])
      log.append(x.rowCount)
      return ["y": .float32(Tensor((0..<x.rowCount).map { x[$0, 0] * rate.scalars[0] }))]
    }
    let batch = try Columns.batch(
      ("x", Columns.ascending(rows: 5, width: 2)), ("rate", Columns.floats([1, 1, 10, 10, 1])))
    let values = try await predict(model, batch, size: size, rows: .independent)
    let products: [Double] = [0, 2, 40, 60, 8]
    #expect(values == products.map { ArrowValue.structure([.float($0)]) })
    #expect(log.entries.reduce(0, +) == 5)
    if size == 5 { #expect(log.entries == [2, 2, 1]) }
  }

  @Test(arguments: 1...6) func droppedDimensionsOfASingleRowAreRestored(size: Int) async throws {
    let squeezing = Self.model(declared("y", "N")) { x in
      .float32(
        try Tensor((0..<x.rowCount).map { x[$0, 1] }, shape: x.rowCount == 1 ? [] : [x.rowCount]))
    }
    let seconds = (0..<5).map { ArrowValue.structure([.float(Double(2 * $0 + 1))]) }
    #expect(try await predict(squeezing, Self.table(5), size: size) == seconds)
    for output in [declared("y", "N", "2"), declared("y", "*")] {
      let wide = Self.model(output) { x in
        .float32(x.rowCount == 1 ? try x.reshaped(to: [2]) : x)
      }
      #expect(try await predict(wide, Self.table(5), size: size) == Self.lists(5))
    }
  }

  @Test func aModelOfOneRowGivesEachRowAllItGives() async throws {
    let model = StubModel(
      inputs: [declared("x", "1", "2")],
      outputs: [declared("boxes", "n", "2"), declared("count"), declared("class", "1", "2")]
    ) { inputs in
      let x = try Self.floats(inputs, "x")
      let boxes = Int(x[0, 0]) / 2
      return [
        "boxes": .float32(Tensor(repeating: x[0, 1], shape: [boxes, 2])),
        "count": .float32(Tensor(repeating: Float(boxes), shape: [])), "class": .float32(x),
      ]
    }
    let values = try await predict(model, Self.table(4), size: 3)
    for (row, value) in values.enumerated() {
      let x = Double(2 * row)
      let boxes = [ArrowValue](repeating: .float(x + 1), count: 2 * row)
      let classes: [ArrowValue] = [.float(x), .float(x + 1)]
      #expect(value == .structure([.list(boxes), .float(Double(row)), .list(classes)]))
    }
    #expect(values.count == 4)
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var model: StubModel
    var rows = 5
    var size = 4
    var texts: [String]
  }

  static let failures: [Failure] = [
    Failure(
      testDescription: "less the mean of the rows",
      model: model(declared("y", "N", "2")) { x in
        let mean = x.scalars.reduce(0, +) / Float(x.count)
        return .float32(x.map { $0 - (x.rowCount == 1 ? $0 : mean) })
      }, texts: ["change each other's predictions", "'y'", "batchSize: 1", "--rows dependent"]),
    Failure(
      testDescription: "a sum up to the row",
      model: model(declared("y", "N", "2")) { x in
        var sums = x.scalars
        for index in sums.indices.dropFirst(2) { sums[index] += sums[index - 2] }
        return .float32(try Tensor(sums, shape: x.shape))
      }, texts: ["change each other's predictions"]),
    Failure(
      testDescription: "the rows in reverse",
      model: model(declared("y", "*")) { x in
        let rows = (0..<x.rowCount).reversed()
        return .float32(try Tensor(rows.flatMap { [x[$0, 0], x[$0, 1]] }, shape: x.shape))
      }, texts: ["change each other's predictions"]),
    Failure(
      testDescription: "a constant of two with two rows",
      model: model(declared("y", "*")) { _ in .float32(Tensor([1, 2])) }, rows: 2, size: 2,
      texts: ["not one part for each row", "'y'", "[2]", "--batch-size 1"]),
    Failure(
      testDescription: "a constant of two with two rows, of varying length",
      model: model(declared("y", "?")) { _ in .float32(Tensor([1, 2])) }, rows: 2, size: 2,
      texts: ["not one part for each row"]),
    Failure(
      testDescription: "a declared constant",
      model: model(declared("y", "2")) { _ in .float32(Tensor([1, 2])) }, rows: 2, size: 2,
      texts: ["y: float32[2] has no dimension for the rows", "--batch-size 1"]),
    Failure(
      testDescription: "a mean over the rows",
      model: model(declared("y", "1", "2")) { x in
        var sums: [Float] = [0, 0]
        for (index, number) in x.scalars.enumerated() { sums[index % 2] += number }
        return .float32(try Tensor(sums, shape: [1, 2]))
      }, texts: ["not one part for each row", "[1, 2]"]),
    Failure(
      testDescription: "every row with every row",
      model: model(declared("y", "N", "N")) { x in
        .float32(Tensor(repeating: 1, shape: [x.rowCount, x.rowCount]))
      }, texts: ["y: float32[N, N] has no dimension for the rows"]),
    Failure(
      testDescription: "takes one row only",
      model: model(declared("y", "N", "2")) { x in
        guard x.rowCount == 1 else { throw TensorError("cannot be reshaped") }
        return .float32(x)
      }, texts: ["cannot be reshaped", "the first row alone succeeds", "--batch-size 1"]),
    Failure(
      testDescription: "fails on every row",
      model: model(declared("y", "N", "2")) { _ in throw TensorError("no luck") },
      texts: ["failed on rows 0 to 3 of the partition", "no luck"]),
  ]

  @Test(arguments: failures) func isNeverWrongInSilence(_ item: Failure) async throws {
    let text = await message {
      _ = try await predict(item.model, Self.table(item.rows), size: item.size)
    }
    for expected in item.texts { #expect(text.contains(expected), "\(text)") }
  }

  @Test(arguments: failures.dropLast().filter { $0.model.outputs[0].shape != [-1] })
  func rowsAloneGetWhatTheModelGives(_ item: Failure) async throws {
    let table = try Self.table(item.rows)
    var expected: [ArrowValue] = []
    for row in 0..<item.rows {
      let x = try Tensor([Float(2 * row), Float(2 * row + 1)], shape: [1, 2])
      guard case .float32(let y)? = try item.model.answer(["x": .float32(x)])["y"] else {
        throw TensorError("no floats")
      }
      let numbers = y.scalars.map { ArrowValue.float(Double($0)) }
      expected.append(.structure([.list(numbers)]))
    }
    #expect(try await predict(item.model, table, size: 1) == expected)
  }

  @Test func dependenceMayBeWanted() async throws {
    let values = try await predict(
      Self.failures[0].model, Self.table(4), size: 4, rows: .dependent)
    #expect(values[0] == Self.list(-3.5, -2.5))
  }

  @Test func rowsThatAreAlikeAtFirstProveNothing() async throws {
    // Eight equal rows, then others.
    let numbers = [Float](repeating: 1, count: 16) + (0..<16).map { Float($0) }
    let batch = try Columns.batch(
      ("x", .lists(of: Columns.floats(numbers), rows: 16, width: 2)))
    let text = await message { _ = try await predict(Self.failures[0].model, batch, size: 4) }
    #expect(text.contains("change each other's predictions"), "\(text)")
    // A model that is dependent on some rows only is looked at again.
    let later = Self.model(declared("y", "N", "2")) { x in
      let sum = x.scalars.reduce(0, +)
      return .float32(sum < 100 ? x : x.map { $0 / sum })
    }
    let seldom = await message {
      _ = try await predict(later, Self.table(40), size: 4)
    }
    #expect(seldom.contains("change each other's predictions"), "\(seldom)")
  }

  @Test func aCancelledRunIsNotFollowedByAnother() async throws {
    let log = Log<Int>()
    let model = Self.model(declared("y", "N", "2")) { x in
      log.append(x.rowCount)
      throw CancellationError()
    }
    await #expect(throws: CancellationError.self) {
      _ = try await predict(model, Self.table(4), size: 4)
    }
    #expect(log.entries == [4])
  }

  @Test func randomModelsAreNotTakenForDependent() async throws {
    let random = Self.model(declared("y", "N")) { x in
      .float32(Tensor((0..<x.rowCount).map { _ in Float.random(in: 0..<1) }))
    }
    #expect(try await predict(random, Self.table(50), size: 20).count == 50)
  }

  @Test func aFixedBatchIsLookedAtToo() async throws {
    func model(_ body: @escaping @Sendable (Tensor<Float>) throws -> Tensor<Float>) -> StubModel {
      StubModel(inputs: [declared("x", "4", "2")], outputs: [declared("y", "4", "2")]) { inputs in
        let x = try Self.floats(inputs, "x")
        #expect(x.shape == [4, 2])
        return ["y": .float32(try body(x))]
      }
    }
    for rows in [1, 3, 4, 6, 9] {
      #expect(
        try await predict(model { $0 }, Self.table(rows), size: 64) == Self.lists(rows))
    }
    let text = await message {
      _ = try await predict(
        model { x in
          let sum = x.scalars.reduce(0, +)
          return x.map { $0 / sum }
        }, Self.table(6), size: 64)
    }
    #expect(text.contains("change each other's predictions"), "\(text)")
  }

  @Test func aTrialTellsOfRows() async throws {
    func trial(_ model: StubModel) async throws -> RowTrial.Outcome {
      try await RowTrial(
        model, BatchLayout(inputs: model.inputs, outputs: model.outputs)
      ).run()
    }
    let wide = Self.model(declared("y", "*")) { .float32($0) }
    #expect(try await trial(wide) == .independent(rowShapes: ["y": [2]]))
    let scalar = Self.model(declared("y", "*")) { x in
      .float32(Tensor((0..<x.rowCount).map { x[$0, 0] }))
    }
    #expect(try await trial(scalar) == .independent(rowShapes: ["y": []]))
    for item in Self.failures.prefix(5) {
      guard case .dependent = try await trial(item.model) else {
        Issue.record("\(item.testDescription)")
        continue
      }
    }
    await #expect(throws: InferenceError.self) {
      _ = try await ModelPrediction.tried(Self.failures[0].model, name: "m.onnx", batchSize: 8)
    }
    #expect(
      try await ModelPrediction.tried(Self.failures[0].model, name: "m.onnx", batchSize: 1) == [:])
    #expect(
      try await ModelPrediction.tried(scalar, name: "m.onnx", batchSize: 8) == ["y": []])
    guard case .unknown(let reason) = try await trial(Self.failures[9].model) else {
      Issue.record("a model that fails tells nothing")
      return
    }
    #expect(reason.contains("no luck"))
  }
}
