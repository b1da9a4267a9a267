import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

private let reference = ModelReference(format: .onnx, file: "m.onnx")

@Suite struct ModelPredictionTests {
  /// Plans and runs `model` on `batch`; gives the columns of the result.
  private func predict(
    _ model: StubModel, _ batches: [RecordBatch], inputs: [String: InputColumns] = [:],
    outputs: [String: String] = [:], batchSize: Int = 3, nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail, other: StubModel? = nil
  ) async throws -> ArrowColumn {
    let table = try StructType(arrow: batches[0].schema)
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: table, inputs: inputs, outputs: outputs,
      batchSize: batchSize, nulls: nulls, ragged: ragged)
    let function = ModelPrediction(loaders: [.onnx: { _, _, _ in other ?? model }])
    let arguments = try batches.map { batch in
      try RecordBatch(
        plan.argumentColumns.compactMap { name in batch.column(name).map { (name, $0) } })
    }
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await function.evaluate(
      BatchList(arguments), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var columns: [ArrowColumn] = []
    while let batch = try await output.next() { columns += batch.columns }
    let column = try ArrowColumn.concatenating(columns)
    #expect(column.type == (try DataType.struct(plan.returnType).arrowType()))
    return column
  }

  @Test("tasks on different devices have a model on each, those on one device share it")
  func placement() async throws {
    let loads = Log<[String]>()
    let model = StubModel.recorder(tensor("x", .float32, [-1]), Log<AnyTensor>())
    let batch = try Columns.batch(("x", Columns.floats([1])))
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: StructType(arrow: batch.schema), inputs: [:],
      outputs: [:], batchSize: 1, nulls: .fail, ragged: .fail)
    let function = ModelPrediction(
      loaders: [
        .onnx: { _, _, worker in
          loads.append(worker.gpus)
          return model
        }
      ], placement: { _, _, worker in worker.gpus.first })
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let models = ModelCache()
    for gpus in [["0"], ["1"], ["0"], [], []] {
      let output = try await function.evaluate(
        BatchList([batch]), invocation: invocation,
        worker: WorkerContext(resources: ["gpu": gpus], models: models))
      while try await output.next() != nil {}
    }
    #expect(loads.entries == [["0"], ["1"], []])
  }

  struct InputCase: Sendable, CustomTestStringConvertible {
    var name: String
    var input: TensorSpecification
    var columns: InputColumns
    var batch: @Sendable () throws -> RecordBatch
    var expected: AnyTensor
    var ragged = RaggedPolicy.fail
    var testDescription: String { name }
  }

  private static func floats(_ values: [Float], _ shape: Shape) throws -> AnyTensor {
    .float32(try Tensor(values, shape: shape))
  }

  static func inputCases() throws -> [InputCase] {
    let scalars: @Sendable () throws -> RecordBatch = {
      try Columns.batch(
        ("a", ArrowColumn(Tensor<Double>([1, 2]))), ("b", ArrowColumn(Tensor<Int32>([3, 4]))),
        ("c", Columns.floats([5, 6])))
    }
    let arrays: @Sendable () throws -> RecordBatch = {
      try Columns.batch(("a", Columns.ascending(rows: 2, width: 4)))
    }
    return [
      InputCase(
        name: "scalar", input: tensor("x", .float32, [-1]), columns: "a", batch: scalars,
        expected: try floats([1, 2], [2])),
      InputCase(
        name: "scalar as a column", input: tensor("x", .float32, [-1, 1]), columns: "b",
        batch: scalars, expected: try floats([3, 4], [2, 1])),
      InputCase(
        name: "scalar into an open dimension", input: tensor("x", .float32, [-1, -1]),
        columns: "b", batch: scalars, expected: try floats([3, 4], [2, 1])),
      InputCase(
        name: "several scalars", input: tensor("x", .float32, [-1, 3]), columns: ["a", "b", "c"],
        batch: scalars, expected: try floats([1, 3, 5, 2, 4, 6], [2, 3])),
      InputCase(
        name: "several scalars into an open dimension", input: tensor("x", .float32, [-1, -1]),
        columns: ["c", "a"], batch: scalars, expected: try floats([5, 1, 6, 2], [2, 2])),
      InputCase(
        name: "integers", input: tensor("x", .int64, [-1]), columns: "b", batch: scalars,
        expected: .int64(Tensor([3, 4]))),
      InputCase(
        name: "halves", input: tensor("x", .float16, [-1, 1]), columns: "a", batch: scalars,
        expected: .float16(try Tensor([1, 2], shape: [2, 1]))),
      InputCase(
        name: "array", input: tensor("x", .float32, [-1, 4]), columns: "a", batch: arrays,
        expected: try floats([0, 1, 2, 3, 4, 5, 6, 7], [2, 4])),
      InputCase(
        name: "array of deep rows", input: tensor("x", .float32, [-1, 1, 2, 2]), columns: "a",
        batch: arrays, expected: try floats([0, 1, 2, 3, 4, 5, 6, 7], [2, 1, 2, 2])),
      InputCase(
        name: "array into an open dimension", input: tensor("x", .float64, [-1, -1]),
        columns: "a", batch: arrays,
        expected: .float64(try Tensor([0, 1, 2, 3, 4, 5, 6, 7], shape: [2, 4]))),
      InputCase(
        name: "array into two open dimensions", input: tensor("x", .float32, [-1, -1, -1]),
        columns: "a",
        batch: {
          try Columns.batch(
            ("a", .lists(of: Columns.ascending(rows: 4, width: 2), rows: 2, width: 2)))
        }, expected: try floats([0, 1, 2, 3, 4, 5, 6, 7], [2, 2, 2])),
      InputCase(
        name: "binary", input: tensor("x", .float32, [-1, 2]), columns: "a",
        batch: { try Columns.batch(("a", Columns.raw([[1, 2], [3, 4]]))) },
        expected: try floats([1, 2, 3, 4], [2, 2])),
      InputCase(
        name: "struct", input: tensor("x", .float32, [-1, 2]), columns: "s",
        batch: {
          try Columns.batch(
            ("s", .structure([("a", Columns.floats([1, 2])), ("b", Columns.floats([3, 4]))])))
        }, expected: try floats([1, 3, 2, 4], [2, 2])),
      InputCase(
        name: "strings", input: tensor("x", .string, [-1]), columns: "a",
        batch: { try Columns.batch(("a", .strings(["p", "q"]))) },
        expected: .string(try StringTensor(["p", "q"]))),
      InputCase(
        name: "strings side by side", input: tensor("x", .string, [-1, 2]), columns: ["a", "b"],
        batch: { try Columns.batch(("a", .strings(["p", "q"])), ("b", .strings(["r", "s"]))) },
        expected: .string(try StringTensor(["p", "r", "q", "s"], shape: [2, 2]))),
      InputCase(
        name: "string as a column", input: tensor("x", .string, [-1, 1]), columns: "a",
        batch: { try Columns.batch(("a", .strings(["p", "q"]))) },
        expected: .string(try StringTensor(["p", "q"], shape: [2, 1]))),
      InputCase(
        name: "array of strings", input: tensor("x", .string, [-1, -1]), columns: "a",
        batch: {
          try Columns.batch(
            ("a", .lists(of: .strings(["p", "q", "r", "s"]), rows: 2, width: 2)))
        }, expected: .string(try StringTensor(["p", "q", "r", "s"], shape: [2, 2]))),
      InputCase(
        name: "booleans", input: tensor("x", .bool, [-1]), columns: "a",
        batch: { try Columns.batch(("a", .booleans([true, false]))) },
        expected: .bool(Tensor([true, false]))),
      InputCase(
        name: "sequences filled up", input: tensor("x", .float32, [-1, -1]), columns: "a",
        batch: { try Columns.batch(("a", try Columns.ragged([[1], [2, 3, 4]]))) },
        expected: try floats([1, 0, 0, 2, 3, 4], [2, 3]), ragged: .pad()),
    ]
  }

  @Test(arguments: try inputCases()) func inputs(_ item: InputCase) async throws {
    let log = Log<AnyTensor>()
    let column = try await predict(
      .recorder(item.input, log), [item.batch()], inputs: ["x": item.columns], ragged: item.ragged)
    #expect(log.entries == [item.expected])
    #expect(column.values == [.structure([.float(0)]), .structure([.float(1)])])
  }

  struct OutputCase: Sendable, CustomTestStringConvertible {
    var output: TensorSpecification
    var result: AnyTensor
    var type: DataType
    var values: [ArrowValue]
    var testDescription: String { "\(output)" }
  }

  static func outputCases() throws -> [OutputCase] {
    let matrix = try floats([1, 2, 3, 4], [2, 2])
    let lists: [ArrowValue] = [.list([.float(1), .float(2)]), .list([.float(3), .float(4)])]
    let column = try floats([1, 2], [2, 1])
    return [
      OutputCase(
        output: tensor("o", .float32, [-1]), result: .float32(Tensor([1, 2])), type: .float,
        values: [.float(1), .float(2)]),
      OutputCase(
        output: tensor("o", .float32, [-1, 1]), result: column, type: .float,
        values: [.float(1), .float(2)]),
      OutputCase(
        output: tensor("o", .float32, [-1, 2]), result: matrix, type: .array(.float),
        values: lists),
      OutputCase(
        output: tensor("o", .float32, [-1, -1]), result: column, type: .array(.float),
        values: [.list([.float(1)]), .list([.float(2)])]),
      OutputCase(
        output: tensor("o", .float32, [-1, 1, 2]),
        result: try matrix.reshaped(to: [2, 1, 2]), type: .array(.float), values: lists),
      OutputCase(
        output: TensorSpecification(
          name: "o", elementType: .float32, shape: [], hasShape: false),
        result: .float32(Tensor([1, 2])), type: .array(.float),
        values: [.list([.float(1)]), .list([.float(2)])]),
      OutputCase(
        output: tensor("o", .float16, [-1]), result: .float16(Tensor([1, 2])), type: .float,
        values: [.float(1), .float(2)]),
      OutputCase(
        output: tensor("o", .int64, [-1]), result: .int64(Tensor([1, 2])), type: .long,
        values: [.int(1), .int(2)]),
      OutputCase(
        output: tensor("o", .uint8, [-1]), result: .uint8(Tensor([1, 255])), type: .short,
        values: [.int(1), .int(255)]),
      OutputCase(
        output: tensor("o", .bool, [-1]), result: .bool(Tensor([true, false])), type: .boolean,
        values: [.bool(true), .bool(false)]),
      OutputCase(
        output: tensor("o", .string, [-1]), result: .string(try StringTensor(["a", "b"])),
        type: .string, values: [.string("a"), .string("b")]),
    ]
  }

  @Test(arguments: try outputCases()) func outputs(_ item: OutputCase) async throws {
    let model = StubModel.giver(item.output, item.result)
    let batch = try Columns.batch(("x", Columns.floats([0, 1])))
    let column = try await predict(model, [batch], outputs: ["o": "renamed"])
    #expect(column.type.childFields.map(\.name) == ["renamed"])
    #expect(column.values == item.values.map { .structure([$0]) })
  }

  @Test func severalInputsAndOutputsAreMatchedByName() async throws {
    let model = StubModel(
      inputs: [tensor("Left", .float32, [-1]), tensor("right", .float32, [-1])],
      outputs: [tensor("sum", .float32, [-1]), tensor("left_again", .float32, [-1])]
    ) { inputs in
      let left: Tensor<Float> = try inputs["Left"].map { try $0.typed() } ?? Tensor([])
      let right: Tensor<Float> = try inputs["right"].map { try $0.typed() } ?? Tensor([])
      let sum = Tensor(zip(left.scalars, right.scalars).map { $0 + $1 })
      return ["sum": .float32(sum), "left_again": .float32(left)]
    }
    let batch = try Columns.batch(
      ("right", Columns.floats([1, 2])), ("other", .strings(["", ""])),
      ("left", Columns.floats([10, 20])))
    let column = try await predict(model, [batch])
    #expect(column.type.childFields.map(\.name) == ["sum", "left_again"])
    #expect(
      column.values == [
        .structure([.float(11), .float(10)]), .structure([.float(22), .float(20)]),
      ])
  }

  @Test func fixedBatchesAreFilledUpAndCut() async throws {
    let log = Log<AnyTensor>()
    var model = StubModel(
      inputs: [tensor("x", .float32, [4, 1])], outputs: [tensor("y", .float32, [4, 1])]
    ) { inputs in
      if let input = inputs["x"] { log.append(input) }
      return ["y": inputs["x"] ?? .float32(Tensor([]))]
    }
    model.hasIndependentRows = true
    let batch = try Columns.batch(("x", Columns.floats([0, 1, 2, 3, 4, 5])))
    let column = try await predict(model, [batch], batchSize: 64)
    #expect(
      log.entries == [
        try Self.floats([0, 1, 2, 3], [4, 1]), try Self.floats([4, 5, 5, 5], [4, 1]),
      ])
    #expect(column.values == (0..<6).map { .structure([.float(Double($0))]) })
  }

  @Test func nullsAreSkipped() async throws {
    let log = Log<AnyTensor>()
    let model = StubModel.recorder(tensor("x", .float32, [-1]), log)
    let batch = try Columns.batch(("x", .numbers([1, nil, 3] as [Float?])))
    let column = try await predict(model, [batch], nulls: .skip)
    #expect(column.values == [.structure([.float(0)]), .null, .structure([.float(1)])])
    #expect(log.entries == [.float32(Tensor([1, 3]))])
    _ = try await predict(model, [batch], nulls: .fill(.nan))
    guard case .float32(let filled)? = log.entries.last else { throw TensorError("no floats") }
    #expect(filled.scalars[1].isNaN)
  }

  struct RunFailure: Sendable, CustomTestStringConvertible {
    var name: String
    var input: TensorSpecification
    var column: @Sendable () throws -> ArrowColumn
    var output = tensor("out", .float32, [-1])
    var result: AnyTensor?
    var texts: [String]
    var testDescription: String { name }
  }

  static let runFailures: [RunFailure] = [
    RunFailure(
      name: "unequal sequences", input: tensor("x", .float32, [-1, -1]),
      column: { try Columns.ragged([[1, 2], [1, 2], [1]]) },
      texts: ["needletail.predict(m.onnx)", "column 'x', row 2", "1 elements"]),
    RunFailure(
      name: "wrong width", input: tensor("x", .float32, [-1, 3]),
      column: { Columns.ascending(rows: 2, width: 2) },
      texts: ["column 'x', row 0", "Input data does not match expected shape", "[3]"]),
    RunFailure(
      name: "null", input: tensor("x", .float32, [-1]),
      column: { .numbers([1, nil] as [Float?]) }, texts: ["column 'x', row 1", "null"]),
    RunFailure(
      name: "integer out of range", input: tensor("x", .int32, [-1]),
      column: { .numbers([1, 1 << 40] as [Int64?]) },
      texts: ["column 'x', row 1", "1099511627776 does not fit", "int32"]),
    RunFailure(
      name: "wrong number of rows", input: tensor("x", .float32, [-1]),
      column: { Columns.floats([1, 2]) }, result: .float32(Tensor([1, 2, 3])),
      texts: ["Prediction results must have same length as input data", "'out'", "[3]"]),
    RunFailure(
      name: "no dimensions", input: tensor("x", .float32, [-1]),
      column: { Columns.floats([1, 2]) },
      result: .float32(Tensor(repeating: 0, shape: [])), texts: ["same length", "'out'", "[]"]),
  ]

  @Test(arguments: runFailures) func runFails(_ item: RunFailure) async throws {
    let model = StubModel(inputs: [item.input], outputs: [item.output]) { _ in
      ["out": item.result ?? .float32(Tensor([]))]
    }
    let text = await message {
      _ = try await predict(model, [Columns.batch(("x", item.column()))])
    }
    for expected in item.texts { #expect(text.contains(expected), "\(text)") }
  }

  @Test func aNumberBeyondBigintIsTheModelsMatter() async {
    let model = StubModel.giver(tensor("out", .uint64, [-1]), .uint64(Tensor([1, .max])))
    let text = await message {
      _ = try await predict(model, [Columns.batch(("x", Columns.floats([0, 1])))])
    }
    for part in ["field 'out', row 1", "18446744073709551615 does not fit bigint", "--outputs"] {
      #expect(text.contains(part), "\(text)")
    }
    #expect(!text.contains("declare"), "\(text)")
  }

  @Test func anotherModelOnTheExecutorIsRefused() async throws {
    let log = Log<AnyTensor>()
    let text = await message {
      _ = try await predict(
        .recorder(tensor("x", .float32, [-1]), log), [Columns.batch(("x", Columns.floats([1])))],
        other: .recorder(tensor("x", .float32, [-1, 2]), log))
    }
    #expect(text.contains("MODEL_LOAD") && text.contains("the driver's has"), "\(text)")
  }

  struct PlanFailure: Sendable, CustomTestStringConvertible {
    var name: String
    var modelInputs = [tensor("x", .float32, [-1, 64])]
    var modelOutputs = [tensor("y", .float32, [-1])]
    var table: StructType = ["pixels": .array(.float), "id": .long, "name": .string]
    var inputs: [String: InputColumns] = ["x": "pixels"]
    var outputs: [String: String] = [:]
    var structure: String?
    var batchSize = 8
    var texts: [String]
    var testDescription: String { name }
  }

  static let planFailures: [PlanFailure] = [
    PlanFailure(
      name: "unknown input", inputs: ["pixels": "pixels"],
      texts: ["the model has no input 'pixels'", "x: float32[?, 64]"]),
    PlanFailure(
      name: "unknown output", outputs: ["yy": "p"],
      texts: ["no output 'yy'", "did you mean 'y'?"]),
    PlanFailure(
      name: "unknown column", inputs: ["x": "pixel"],
      texts: ["no column 'pixel'", "did you mean 'pixels'?", "pixels array<float>"]),
    PlanFailure(
      name: "no column of the name", inputs: [:],
      texts: ["no column is named like the model's input x", #"inputs: ["x": "pixels"]"#]),
    PlanFailure(
      name: "the only column is not taken without being asked", table: ["pixels": .array(.float)],
      inputs: [:], texts: [#"inputs: ["x": "pixels"]"#]),
    PlanFailure(
      name: "strings for numbers", inputs: ["x": "name"],
      texts: ["the column 'name' is string", "takes numbers; cast it where the table is made"]),
    PlanFailure(
      name: "numbers for strings", modelInputs: [tensor("x", .string, [-1])], inputs: ["x": "id"],
      texts: ["the column 'id' is bigint", "takes strings"]),
    PlanFailure(
      name: "fractions for integers", modelInputs: [tensor("x", .int64, [-1, 64])],
      texts: ["would lose fractions"]),
    PlanFailure(
      name: "fractions for truth values", modelInputs: [tensor("x", .bool, [-1, 64])],
      texts: ["takes booleans"]),
    PlanFailure(
      name: "one number for many", inputs: ["x": "id"],
      texts: ["takes 64 values a row", "the column 'id' (bigint) gives 1"]),
    PlanFailure(
      name: "too few columns", modelInputs: [tensor("x", .float32, [-1, 3])],
      table: ["a": .float, "b": .float], inputs: ["x": ["a", "b"]],
      texts: ["takes 3 values a row", "give 2"]),
    PlanFailure(
      name: "array among several columns", modelInputs: [tensor("x", .float32, [-1, 2])],
      inputs: ["x": ["pixels", "id"]], texts: ["the column 'pixels'", "one value a row each"]),
    PlanFailure(
      name: "array for a scalar input", modelInputs: [tensor("x", .float32, [-1])],
      texts: ["the column 'pixels' is array<float>", "one value a row"]),
    PlanFailure(
      name: "ambiguous column", table: ["Pix": .array(.float), "pIx": .array(.float)],
      inputs: ["x": "pix"], texts: ["'pix' may be any of the columns Pix, pIx"]),
    PlanFailure(
      name: "output that is a column already", outputs: ["y": "ID"],
      texts: ["has a column 'id' already", #"outputs: ["y": "#]),
    PlanFailure(
      name: "outputs of one name",
      modelOutputs: [tensor("y", .float32, [-1]), tensor("z", .float32, [-1])],
      outputs: ["z": "Y"], texts: ["'y' and 'z' would both become the column 'Y'"]),
    PlanFailure(
      name: "struct that is a column already", structure: "ID",
      texts: ["has a column 'ID' already", "into:"]),
    PlanFailure(name: "struct without a name", structure: "", texts: ["no name", "into:"]),
    PlanFailure(
      name: "two texts for one input", modelInputs: [tensor("x", .string, [-1])],
      table: ["a": .string, "b": .string], inputs: [:], texts: [#"inputs: ["x": "a"]"#]),
    PlanFailure(name: "batch size", batchSize: 0, texts: ["the batch size is 0"]),
    PlanFailure(
      name: "first dimensions that differ",
      modelInputs: [tensor("x", .float32, [3, 64]), tensor("id", .int64, [2])],
      texts: ["the first dimensions of the inputs are no batch", "--batch-dimension none"]),
  ]

  @Test(arguments: planFailures) func planFails(_ item: PlanFailure) async {
    let text = await message {
      _ = try ModelPrediction.plan(
        modelInputs: item.modelInputs, modelOutputs: item.modelOutputs, reference: reference,
        table: item.table, inputs: item.inputs, outputs: item.outputs, into: item.structure,
        batchSize: item.batchSize)
    }
    #expect(text.contains("m.onnx"))
    for expected in item.texts { #expect(text.contains(expected), "\(text)") }
  }

  @Test func outputsInAStructMayBeNamedLikeColumns() throws {
    let plan = try ModelPrediction.plan(
      modelInputs: [tensor("x", .float32, [-1])], modelOutputs: [tensor("label", .string, [-1])],
      reference: reference, table: ["x": .float, "label": .string], into: "preds")
    #expect(plan.returnType == ["label": .string])
  }

  @Test func theOnlyTextFeedsAModelOfOneText() throws {
    let plan = try ModelPrediction.plan(
      modelInputs: [tensor("text", .string, [-1])], modelOutputs: [tensor("y", .float32, [-1])],
      reference: reference, table: ["id": .long, "review": .string])
    #expect(plan.argumentColumns == ["review"])
  }

  @Test func fieldsOfStructsAreReached() throws {
    let plan = try ModelPrediction.plan(
      modelInputs: [tensor("x", .float32, [-1, 2])],
      modelOutputs: [tensor("y", .float32, [-1])], reference: reference,
      table: ["S": .struct(["a": .float, "B": .double])], inputs: ["x": ["s.a", "s.b"]])
    #expect(plan.argumentColumns == ["S.a", "S.B"])
    #expect(plan.returnType == ["y": .float])
  }
}
