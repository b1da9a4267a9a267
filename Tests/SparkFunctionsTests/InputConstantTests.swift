import ArrowIPC
import Foundation
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// What is said of inputs besides their columns: shapes of rows, and values that are the same for all.
@Suite("Shapes and constants")
struct InputConstantTests {
  /// Remembers its inputs, and gives the numbers of `x`.
  private static func model(
    _ log: Log<[String: AnyTensor]>, _ inputs: [TensorSpecification],
    _ x: TensorSpecification = declared("x", "N")
  ) -> StubModel {
    StubModel(inputs: [x] + inputs, outputs: [declared("y", "N")]) { tensors in
      log.append(tensors)
      let x: Tensor<Float> = try tensors["x"].map { try $0.typed() } ?? Tensor([])
      let width = max(x.rowStride, 1)
      return ["y": .float32(Tensor((0..<x.rowCount).map { x.scalars[$0 * width] }))]
    }
  }

  private static func plan(
    _ model: StubModel, _ table: StructType, inputs: [String: InputColumns] = [:],
    shapes: [String: Shape] = [:], constants: [String: InputConstant] = [:], batchSize: Int = 4
  ) throws -> PredictionPlan {
    try ModelPrediction.plan(
      model: model, reference: ModelReference(format: .onnx, file: "m.onnx"), table: table,
      inputs: inputs, batchSize: batchSize, shapes: shapes, constants: constants)
  }

  private func predict(
    _ model: StubModel, _ batch: RecordBatch, shapes: [String: Shape] = [:],
    constants: [String: InputConstant] = [:], batchSize: Int
  ) async throws -> [ArrowValue] {
    let plan = try Self.plan(
      model, StructType(arrow: batch.schema), shapes: shapes, constants: constants,
      batchSize: batchSize)
    let arguments = try RecordBatch(
      plan.argumentColumns.compactMap { name in batch.column(name).map { (name, $0) } })
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await ModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
      BatchList([arguments]), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var values: [ArrowValue] = []
    while let batch = try await output.next() { values += batch.columns[0].values }
    return values
  }

  private static func specification(
    _ name: String, _ type: ElementType, _ dimensions: String...
  ) -> TensorSpecification {
    TensorSpecification(
      name: name, elementType: type, shape: Shape(dimensions.map { Int($0) ?? -1 }),
      dimensionNames: dimensions.map { Int($0) != nil || $0 == "?" ? nil : $0 })
  }

  @Test("constants come with every run, in the input's shape", arguments: [1, 2, 4, 64])
  func constants(_ batchSize: Int) async throws {
    let log = Log<[String: AnyTensor]>()
    let model = Self.model(
      log,
      [
        Self.specification("train", .bool), Self.specification("size", .int64, "2"),
        Self.specification("rate", .float32, "N"),
        Self.specification("state", .float16, "N", "2", "3"),
        Self.specification("text", .string, "N", "1"), Self.specification("bias", .float64, "?"),
        Self.specification("open", .int32, "N", "?"), Self.specification("great", .uint64, "?"),
      ])
    let batch = try Columns.batch(("x", Columns.floats([0, 1, 2, 3, 4, 5])))
    let values = try await predict(
      model, batch,
      constants: [
        "train": false, "size": [640, 480], "rate": 0.5, "state": .zeros, "text": "query: ",
        "bias": [1, 2.5, 3], "open": [7, 8], "great": [.unsigned(.max - 1), 3],
      ], batchSize: batchSize)
    let numbers: [ArrowValue] = (0..<6).map { .structure([.float(Double($0))]) }
    #expect(values == numbers)
    for tensors in log.entries {
      let rows = try #require(tensors["x"]).rowCount
      #expect(tensors["train"] == .bool(try Tensor([false], shape: [])))
      #expect(tensors["size"] == .int64(Tensor([640, 480])))
      #expect(tensors["rate"] == .float32(Tensor(repeating: 0.5, shape: [rows])))
      #expect(tensors["state"] == .float16(Tensor(repeating: 0, shape: [rows, 2, 3])))
      let texts = Array(repeating: "query: ", count: rows)
      #expect(tensors["text"] == .string(try StringTensor(texts, shape: [rows, 1])))
      #expect(tensors["bias"] == .float64(Tensor([1, 2.5, 3])))
      #expect(tensors["great"] == .uint64(Tensor([.max - 1, 3])))
      let open: [Int32] = (0..<rows).flatMap { _ -> [Int32] in [7, 8] }
      #expect(tensors["open"] == .int32(try Tensor(open, shape: [rows, 2])))
    }
  }

  @Test("the trial has them, too")
  func trial() async throws {
    let log = Log<[String: AnyTensor]>()
    let model = Self.model(
      log, [Self.specification("train", .bool)], declared("x", "N", "3", "?", "?"))
    _ = try await ModelPrediction.tried(
      model, name: "m.onnx", batchSize: 8, shapes: ["x": [3, 4, 5]], constants: ["train": false])
    #expect(!log.entries.isEmpty)
    for tensors in log.entries {
      #expect(tensors["train"] == .bool(try Tensor([false], shape: [])))
      #expect(tensors["x"]?.shape.rowShape == [3, 4, 5])
    }
  }

  @Test("a shape tells how the numbers of a row lie", arguments: [1, 4])
  func shapes(_ batchSize: Int) async throws {
    let log = Log<[String: AnyTensor]>()
    let model = Self.model(log, [], declared("x", "N", "3", "height", "width"))
    let batch = try Columns.batch(("x", Columns.ascending(rows: 4, width: 24)))
    let values = try await predict(
      model, batch, shapes: ["x": [3, 2, 4]], batchSize: batchSize)
    let firsts: [ArrowValue] = (0..<4).map { .structure([.float(Double(24 * $0))]) }
    #expect(values == firsts)
    #expect(log.entries.allSatisfy { $0["x"]?.shape.rowShape == [3, 2, 4] })
    // Without it a flat array does not tell two dimensions.
    let said = await message {
      _ = try await predict(model, batch, batchSize: batchSize)
    }
    #expect(said != "no error")
    let rows = (0..<2).map { (row: Int) -> [Float] in (24 * row..<24 * row + 24).map { Float($0) } }
    let bytes = try Columns.batch(("x", Columns.raw(rows)))
    let raw = try await predict(model, bytes, shapes: ["x": [3, 2, 4]], batchSize: batchSize)
    #expect(raw == [.structure([.float(0)]), .structure([.float(24)])])
    let wrong = await message {
      _ = try await predict(model, batch, shapes: ["x": [3, 5, 4]], batchSize: batchSize)
    }
    #expect(wrong.contains("column 'x'"), "\(wrong)")
  }

  @Test("what does not fit is said before the job")
  func refusals() throws {
    let log = Log<[String: AnyTensor]>()
    let image = declared("x", "N", "3", "height", "width")
    func model(_ inputs: TensorSpecification...) -> StubModel { Self.model(log, inputs) }
    let integer = Self.specification("n", .int32, "2")
    let cases: [(StubModel, [String: Shape], [String: InputConstant], String)] = [
      (
        Self.model(log, [], image), ["x": [4, 2, 2]], [:],
        "shapes: (--shape) gives the input x: float32[?, 3, ?, ?] the shape [4, 2, 2], expected "
          + "[3, ?, ?] for one row"
      ),
      (Self.model(log, [], image), ["x": [3, 2]], [:], "expected [3, ?, ?] for one row"),
      (
        Self.model(log, [], image), ["x": [3, -1, 2]], [:],
        "all its sizes must be known, and above 0"
      ),
      (Self.model(log, [], image), ["y": [3]], [:], "the model has no input 'y'"),
      (model(integer), [:], ["m": 1], "the model has no input 'm'"),
      (
        model(integer), [:], ["n": 1.5],
        "constants: (--constant) gives the input n: int32[2] the value 1.5, which is no int32"
      ),
      (model(integer), [:], ["n": 3_000_000_000], "the value 3000000000, which is no int32"),
      (model(integer), [:], ["n": "a"], "the value \"a\", which is no int32"),
      (model(integer), [:], ["n": .unsigned(1 << 63)], "9223372036854775808, which is no int32"),
      (
        model(Self.specification("u", .uint64)), [:], ["u": 1e18],
        "the value 1e+18, which is no uint64"
      ),
      (model(integer), [:], ["n": [1, 2, 3]], "an array of the shape [3], expected [2]"),
      (model(integer), [:], ["n": [[1, 2], [3]]], "arrays that differ in length"),
      (
        model(Self.specification("h", .float16, "2")), [:], ["h": 100_000],
        "the value 100000, which is no float16"
      ),
      (
        model(Self.specification("s", .float32, "N", "?")), [:], ["s": .zeros],
        "zeros in a shape whose sizes vary, [?]: say them with shapes: [\"s\": [...]] (--shape s=...)"
      ),
      (
        model(), [:], ["x": 1],
        "all inputs of the model have a value in constants: (--constant)"
      ),
    ]
    for (model, shapes, constants, text) in cases {
      let table: StructType = ["x": model.inputs[0].shape.rank > 1 ? .array(.float) : .float]
      let error = #expect(throws: InferenceError.self) {
        try Self.plan(model, table, shapes: shapes, constants: constants)
      }
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }
    let both = #expect(throws: InferenceError.self) {
      try Self.plan(
        model(integer), ["x": .float, "n": .array(.integer)], inputs: ["n": "n"],
        constants: ["n": 1])
    }
    #expect(both?.message.contains("has a column in inputs: (--map) and a value") == true)
    // With a shape zeros fill it.
    let open = try Self.plan(
      model(Self.specification("s", .float32, "N", "?")), ["x": .float], shapes: ["s": [4]],
      constants: ["s": .zeros])
    #expect(open.argumentColumns == ["x"])
  }

  @Test("a constant is read as JSON has it")
  func json() throws {
    let cases: [(String, InputConstant)] = [
      ("1", 1), ("true", true), ("1.5", 1.5), ("\"1\"", "1"),
      ("[[1, 2.5], [true]]", [[1, 2.5], [true]]),
      ("9223372036854775807", .integer(.max)), ("[]", []),
    ]
    for (text, constant) in cases {
      let found = try JSONDecoder().decode(InputConstant.self, from: Data(text.utf8))
      #expect(found == constant, "\(text)")
    }
  }

  @Test("parameters of drivers that know neither are read")
  func older() throws {
    let log = Log<[String: AnyTensor]>()
    let plan = try Self.plan(Self.model(log, []), ["x": .float])
    let json = String(decoding: try plan.encodedParameters(), as: UTF8.self)
    #expect(!json.contains("constant") && !json.contains("givenShape"))
    let given = try Self.plan(
      Self.model(log, [Self.specification("s", .float32, "N", "?")]), ["x": .float],
      constants: ["s": [.number(.infinity), -0.5]])
    let invocation = FunctionInvocation(
      function: "f", id: "f", fingerprint: "", parameters: try given.encodedParameters())
    #expect(
      try invocation.decodeParameters(as: ModelPrediction.Parameters.self) == given.parameters)
  }
}
