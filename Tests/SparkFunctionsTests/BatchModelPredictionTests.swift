import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

private let reference = ModelReference(format: .onnx, file: "m.onnx")

/// Predictions of whole batches are those of columns, beside the table's own columns.
@Suite struct BatchModelPredictionTests {
  /// A prediction and its table.
  struct Prediction: Sendable, CustomTestStringConvertible {
    var name: String
    var model: StubModel
    var table: @Sendable () throws -> [RecordBatch]
    var inputs: [String: InputColumns] = [:]
    var outputs: [String: String] = [:]
    var structure: String?
    var batchSize = 3
    var nulls = NullPolicy.fail
    var ragged = RaggedPolicy.fail
    var testDescription: String { name }

    func plan(_ batches: [RecordBatch]) throws -> PredictionPlan {
      try ModelPrediction.plan(
        model: model, reference: reference, table: try StructType(arrow: batches[0].schema),
        inputs: inputs, outputs: outputs, into: structure, batchSize: batchSize, nulls: nulls,
        ragged: ragged)
    }

    private func evaluate(
      _ function: any UserDefinedFunction, _ parameters: [UInt8], _ names: [String],
      _ batches: [RecordBatch]
    ) async throws -> [RecordBatch] {
      let invocation = FunctionInvocation(
        function: function.name, id: function.name, fingerprint: "", parameters: parameters,
        argumentNames: names)
      let output = try await function.evaluate(
        BatchList(batches), invocation: invocation, worker: WorkerContext(models: ModelCache()))
      var results: [RecordBatch] = []
      while let batch = try await output.next() { results.append(batch) }
      return results
    }

    /// The struct column that Spark gets from the function of columns.
    func column() async throws -> ArrowColumn {
      let batches = try table()
      let plan = try plan(batches)
      let model = self.model
      let arguments = try batches.map { batch in
        try RecordBatch(
          zip(plan.argumentColumns, plan.argumentPaths).map { name, path in
            (name, try #require(batch.column(path[0])))
          })
      }
      let results = try await evaluate(
        ModelPrediction(loaders: [.onnx: { _, _, _ in model }]), try plan.encodedParameters(),
        plan.argumentColumns, arguments)
      return try .concatenating(results.flatMap(\.columns))
    }

    /// The batches that Spark gets from the function of batches.
    func batches() async throws -> [RecordBatch] {
      let batches = try table()
      let table = try StructType(arrow: batches[0].schema)
      let parameters = try plan(batches).batchParameters(table: table, into: structure)
      let model = self.model
      return try await evaluate(
        BatchModelPrediction(loaders: [.onnx: { _, _, _ in model }]),
        try FunctionInvocation.encode(parameters), [], batches)
    }
  }

  /// A model that adds 1 to numbers in rows of `shape`.
  private static func adder(_ shape: Shape = [-1]) -> StubModel {
    StubModel(inputs: [tensor("x", .float32, shape)], outputs: [tensor("y", .float32, shape)]) {
      inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      return ["y": .float32(x.map { $0 + 1 })]
    }
  }

  /// Rows in batches of the given sizes: a number, its text, and the number as the model's input.
  @Sendable private static func rows(
    _ sizes: [Int], x: (Int) -> Float? = { Float($0) }
  ) throws -> [RecordBatch] {
    var next = 0
    return try sizes.map { size in
      defer { next += size }
      let numbers = Array(next..<next + size)
      return try Columns.batch(
        ("id", .numbers(numbers.map { Int64($0) as Int64? })),
        ("text", .strings(numbers.map { $0 % 2 == 0 ? "row \($0)" : nil })),
        ("x", .numbers(numbers.map(x))))
    }
  }

  static func predictions() throws -> [Prediction] {
    let kinds = try ModelPredictionTests.outputCases().map { item in
      Prediction(
        name: "output \(item.output)",
        model: .giver(item.output, item.result), table: { try rows([2]) })
    }
    let withNulls: @Sendable () throws -> [RecordBatch] = {
      try rows([4, 3]) { $0 % 3 == 1 ? nil : Float($0) }
    }
    return kinds + [
      Prediction(name: "batches that span batches", model: adder()) { try rows([2, 0, 5, 1]) },
      Prediction(name: "batches within batches", model: adder(), table: { try rows([10]) }),
      Prediction(name: "no rows", model: adder(), table: { try rows([0]) }),
      Prediction(
        name: "a fixed batch that spans batches", model: adder([4, 1]), table: { try rows([3, 6]) }),
      Prediction(name: "skipped nulls", model: adder(), table: withNulls, nulls: .skip),
      Prediction(
        name: "skipped nulls in a struct", model: adder(), table: withNulls, structure: "preds",
        nulls: .skip),
      Prediction(
        name: "nothing but skipped nulls", model: adder(), table: { try rows([4]) { _ in nil } },
        nulls: .skip),
      Prediction(name: "filled nulls", model: adder(), table: withNulls, nulls: .fill(7)),
      Prediction(
        name: "a struct", model: adder(), table: { try rows([2, 3]) }, structure: "preds"),
      Prediction(
        name: "a struct with a field named like a column", model: adder(),
        table: { try rows([2, 3]) }, outputs: ["y": "id"], structure: "preds"),
      Prediction(
        name: "rows filled up", model: adder([-1, -1]),
        table: { [try Columns.batch(("x", try Columns.ragged([[1], [2, 3], [4], [5]])))] },
        ragged: .pad()),
      Prediction(
        name: "several columns for one input", model: adder([-1, 2]), table: { try rows([2, 3]) },
        inputs: ["x": ["x", "id"]]),
      Prediction(
        name: "a column with a dot and backticks", model: adder(),
        table: {
          [try Columns.batch(("a.`b`", Columns.floats([1, 2])), ("a", Columns.floats([5, 6])))]
        }, inputs: ["x": "a.`b`"]),
      Prediction(
        name: "columns of one name that the model does not read", model: adder(),
        table: {
          let twice = Columns.floats([1, 2])
          return [try Columns.batch(("id", twice), ("x", twice), ("id", .strings(["a", "b"])))]
        }),
      Prediction(
        name: "several outputs",
        model: StubModel(
          inputs: [tensor("x", .float32, [-1])],
          outputs: [tensor("z", .string, [-1]), tensor("y", .float32, [-1, 2])]
        ) { inputs in
          let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
          let pairs = x.scalars.flatMap { [$0, -$0] }
          return [
            "y": .float32(try Tensor(pairs, shape: [x.count, 2])),
            "z": .string(try StringTensor(x.scalars.map { "\($0)" })),
          ]
        }, table: { try rows([1, 1, 4, 2]) }),
    ]
  }

  @Test(arguments: try predictions()) func equalsTheFormOfColumns(_ item: Prediction) async throws {
    let table = try item.table()
    let results = try await item.batches()
    if table.allSatisfy({ $0.rowCount == 0 }) {
      #expect(results.isEmpty)
      return
    }
    let joined = try RecordBatch.concatenating(results)
    let predicted = try await item.column()
    #expect(results.allSatisfy { $0.rowCount > 0 && $0.schema == joined.schema })
    let columns = table[0].schema.fields.count
    #expect(Array(joined.schema.fields.prefix(columns)) == table[0].schema.fields)
    let passed = try RecordBatch.concatenating(table.filter { $0.rowCount > 0 })
    #expect(joined.columns.prefix(columns).map(\.values) == passed.columns.map(\.values))

    let plan = try item.plan(table)
    let declared = plan.batchReturnType(
      table: try StructType(arrow: table[0].schema), into: item.structure)
    #expect(try declared.arrowSchema().fields == joined.schema.fields)
    let added = Array(joined.columns.dropFirst(columns))
    if item.structure != nil {
      #expect(added.map(\.type) == [predicted.type] && added[0].values == predicted.values)
      return
    }
    #expect(added.map(\.type) == predicted.type.childFields.map(\.type))
    for (index, column) in added.enumerated() {
      // What Spark gives for a field of the struct.
      let expected = predicted.values.map { value in
        if case .structure(let fields) = value { fields[index] } else { ArrowValue.null }
      }
      #expect(column.values == expected)
    }
  }

  @Test func batchesEndWhereTheTableOrTheModelDoes() async throws {
    let log = Log<AnyTensor>()
    let item = Prediction(
      name: "", model: .recorder(tensor("x", .float32, [-1]), log),
      table: { try Self.rows([2, 0, 5, 1]) })
    #expect(try await item.batches().map(\.rowCount) == [2, 1, 3, 1, 1])
    #expect(log.entries.map(\.rowCount) == [3, 3, 2])
  }

  @Test func columnsThatTheModelDoesNotReadAreNotCopied() async throws {
    func address(_ column: ArrowColumn?) throws -> Int {
      let column = try #require(column)
      return try column.withValues(as: Int64.self) { Int(bitPattern: $0.baseAddress) }
    }
    let table = try Self.rows([2, 5])
    let item = Prediction(name: "", model: Self.adder(), table: { table })
    let results = try await item.batches()
    #expect(results.map(\.rowCount) == [2, 1, 3, 1])
    let (first, second) = (try address(table[0].column("id")), try address(table[1].column("id")))
    #expect(
      try results.map { try address($0.column("id")) }
        == [first, second, second + 8, second + 4 * 8])
  }

  @Test func fieldsOfStructsAreNullWhereTheStructIs() async throws {
    let log = Log<AnyTensor>()
    let outer = ArrowType.structure([
      ArrowField("inner", .structure([ArrowField("a.b", .float32), ArrowField("c", .float32)]))
    ])
    let values: [ArrowValue] = [
      .structure([.structure([.float(1), .float(10)])]), .null, .structure([.null]),
      .structure([.structure([.null, .float(20)])]),
      .structure([.structure([.float(3), .float(30)])]),
    ]
    let item = Prediction(
      name: "", model: .recorder(tensor("x", .float32, [-1]), log),
      table: {
        let all = try Columns.batch(
          ("s", ArrowColumn(values, type: outer)),
          ("id", ArrowColumn(Tensor<Int64>([0, 1, 2, 3, 4]))))
        return [all.slice(0..<1), all.slice(1..<5)]
      }, inputs: ["x": "s.inner.c"], batchSize: 8, nulls: .skip)
    let results = try RecordBatch.concatenating(try await item.batches())
    #expect(log.entries == [.float32(Tensor([10, 20, 30]))])
    #expect(
      results.column("out")?.values == [.float(0), .null, .null, .float(1), .float(2)])
    #expect(results.column("s")?.values == values)
    var failing = item
    failing.nulls = .fail
    let text = await message { [failing] in _ = try await failing.batches() }
    #expect(text.contains("column 's.inner.c', row 1"), "\(text)")
  }

  static func failures() throws -> [Prediction] {
    let wrong: @Sendable ([String: AnyTensor]) throws -> [String: AnyTensor] = { _ in
      ["y": .float32(Tensor([1]))]
    }
    let x = tensor("x", .float32, [-1])
    return [
      Prediction(
        name: "null", model: adder(), table: { try rows([2, 5]) { $0 == 4 ? nil : Float($0) } }),
      Prediction(
        name: "wrong number of rows",
        model: StubModel(inputs: [x], outputs: [tensor("y", .float32, [-1])], answer: wrong),
        table: { try rows([4]) }),
      Prediction(
        name: "failing model",
        model: StubModel(inputs: [x], outputs: [tensor("y", .float32, [-1])]) { _ in
          throw TensorError("no luck")
        }, table: { try rows([4]) }),
      Prediction(
        name: "unequal rows", model: adder([-1, -1]),
        table: { [try Columns.batch(("x", try Columns.ragged([[1], [2, 3]])))] }),
    ]
  }

  @Test(arguments: try failures()) func failsInTheSameWords(_ item: Prediction) async throws {
    let expected = await message { _ = try await item.column() }
    #expect(expected.contains("needletail.predict(m.onnx)"))
    #expect(await message { _ = try await item.batches() } == expected)
  }

  @Test func tablesOfAnotherShapeAreRefused() async throws {
    let item = Prediction(name: "", model: Self.adder(), table: { try Self.rows([4]) })
    let batches = try item.table()
    let plan = try item.plan(batches)
    let text = await message { _ = try plan.batchParameters(table: ["id": .long]) }
    #expect(text.contains("no column 'x'") && text.contains("id"), "\(text)")
    let parameters = try plan.batchParameters(
      table: try StructType(arrow: batches[0].schema))
    let function = BatchModelPrediction(loaders: [:])
    let invocation = try FunctionInvocation(
      function: function, fingerprint: "", parameters: parameters)
    let missing = await message {
      let output = try await function.evaluate(
        BatchList([try Columns.batch(("id", Columns.floats([1])))]), invocation: invocation,
        worker: WorkerContext(models: ModelCache()))
      _ = try await output.next()
    }
    #expect(missing.contains("the column 'x' is missing"), "\(missing)")
  }

  @Test func theModelReadsNoColumnOfAnAmbiguousName() async throws {
    let text = await message {
      _ = try ModelPrediction.plan(
        model: Self.adder(), reference: reference,
        table: [StructField("x", .float), StructField("x", .double)])
    }
    #expect(text.contains("several columns called 'x'"), "\(text)")
  }

  @Test func namesAreWrittenAsSparkReadsThem() throws {
    let plan = try ModelPrediction.plan(
      modelInputs: [tensor("x", .float32, [-1, 3])], modelOutputs: [tensor("y", .float32, [-1])],
      reference: reference, table: ["a.b": .float, "c`": .float, "s": .struct(["t": .float])],
      inputs: ["x": ["a.b", "c`", "S.t"]])
    #expect(plan.argumentColumns == ["`a.b`", "`c```", "s.t"])
    #expect(plan.argumentPaths == [["a.b"], ["c`"], ["s", "t"]])
  }
}
