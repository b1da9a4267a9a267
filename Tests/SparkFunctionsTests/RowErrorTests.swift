import ArrowIPC
import ErrorCauses
import Models
import SparkTypes
import Tensors
import Testing

@testable import SparkFunctions

private let reference = ModelReference(format: .onnx, file: "m.onnx")

/// Rows that cannot be predicted, and the others beside them.
@Suite struct RowErrorTests {
  /// What a model throws that has gone away.
  private struct Gone: RowFaultError, CustomStringConvertible {
    var rowFault: RowFaultKind? { nil }
    var description: String { "the server is gone" }
  }

  /// Gives the sums of pairs of numbers; refuses batches with a number from 1000, is gone at one from
  /// 2000.
  static func adder(_ log: Log<Int> = Log(), shape: Shape = [-1, 2]) -> StubModel {
    var model = StubModel(
      inputs: [tensor("x", .float32, shape)], outputs: [tensor("y", .float32, [-1])]
    ) { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      log.append(x.rowCount)
      if x.scalars.contains(where: { $0 >= 2000 }) { throw Gone() }
      if x.scalars.contains(where: { $0 >= 1000 }) { throw TensorError("a number is too great") }
      let width = x.rowCount == 0 ? 0 : x.count / x.rowCount
      let sums = (0..<x.rowCount).map { row in
        x.scalars[row * width..<(row + 1) * width].reduce(0, +)
      }
      return ["y": .float32(Tensor(sums))]
    }
    model.hasIndependentRows = true
    return model
  }

  /// The predictions of `batches` as rows of a struct.
  static func predict(
    _ model: StubModel, _ batches: [RecordBatch], batchSize: Int = 4, into structure: String? = nil,
    nulls: NullPolicy = .fail, ragged: RaggedPolicy = .fail, errors: ErrorPolicy = .column(),
    maxErrors: ErrorLimit? = nil
  ) async throws -> [ArrowValue] {
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: try StructType(arrow: batches[0].schema),
      into: structure, batchSize: batchSize, nulls: nulls, ragged: ragged, errors: errors,
      maxErrors: maxErrors)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await ModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
      BatchList(batches), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    let type = try DataType.struct(plan.returnType).arrowType()
    var rows: [ArrowValue] = []
    while let batch = try await output.next() {
      #expect(batch.columns[0].type == type)
      rows += batch.columns[0].values
    }
    return rows
  }

  static func pairs(_ rows: [[Double?]?]) throws -> [RecordBatch] {
    [try Columns.batch(("x", try Columns.ragged(rows)))]
  }

  static func fields(_ row: ArrowValue) throws -> [ArrowValue] {
    guard case .structure(let fields) = row else { throw TensorError("\(row) is no struct") }
    return fields
  }

  static func text(_ value: ArrowValue) throws -> String {
    guard case .string(let text) = value else { throw TensorError("\(value) is no text") }
    return text
  }

  // MARK: Who counts them

  @Test(
    "a further column tells which row failed and why, whether or not one says so to the user",
    arguments: [ErrorPolicy.null, .column("why")])
  func counted(_ errors: ErrorPolicy) async throws {
    let batches = try Self.pairs([[1, 2], nil, [3, 4], [5]]) + Self.pairs([[1, 1500]])
    let model = Self.adder()
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: try StructType(arrow: batches[0].schema),
      batchSize: 2, errors: errors
    ).tellingFailures(in: "failure")
    #expect(plan.returnType.names == (errors == .null ? ["y"] : ["y", "why"]) + ["failure"])
    let expected = [
      nil, "null: row 1 of partition 3: column 'x': ", nil,
      "length: row 3 of partition 3: column 'x': ", "model: row 4 of partition 3: ",
    ]
    var rows: [ArrowValue] = []
    let output = try await ModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
      BatchList(batches),
      invocation: FunctionInvocation(
        function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
        parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns),
      worker: WorkerContext(partition: 3, models: ModelCache()))
    while let batch = try await output.next() { rows += batch.columns[0].values }
    #expect(rows.count == expected.count)
    for (row, beginning) in zip(rows, expected) {
      let fields = try Self.fields(row)
      #expect(fields.count == plan.returnType.count)
      guard let beginning else {
        #expect(fields.last == .null && fields[0] != .null)
        continue
      }
      let text = try Self.text(fields[fields.count - 1])
      #expect(text.hasPrefix(beginning), "\(text)")
      #expect(fields[0] == .null)
      // The user's has the same without the place.
      if errors != .null {
        let parts = text.split(separator: ": ", maxSplits: 2)
        #expect(try Self.text(fields[1]) == "\(parts[0]): \(parts[2])")
      }
    }
  }

  @Test("a task in which too many failed is not computed again when Spark tries it again")
  func triedAgain() async throws {
    let log = Log<Int>()
    let model = Self.adder(log)
    let batches = try Self.pairs([[1, 2], [1, 1500], [3, 4]])
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: try StructType(arrow: batches[0].schema),
      batchSize: 2, errors: .null, maxErrors: 0)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    func attempt(_ attempt: Int, stage: Int) async throws -> (error: InferenceError?, runs: Int) {
      let before = log.entries.count
      let output = try await ModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
        BatchList(batches), invocation: invocation,
        worker: WorkerContext(stage: stage, attempt: attempt, models: ModelCache()))
      let error = await #expect(throws: InferenceError.self) {
        while try await output.next() != nil {}
      }
      return (error, log.entries.count - before)
    }
    // A stage of which no other test knows.
    let stage = 8_000_001
    let first = try await attempt(0, stage: stage)
    #expect(first.error?.code == .tooManyErrors && first.runs > 0)
    let second = try await attempt(1, stage: stage)
    #expect(second.error?.message == first.error?.message && second.runs == 0)
    // Another run of the stage, and another stage, may have other rows.
    #expect(try await attempt(0, stage: stage).runs > 0)
    #expect(try await attempt(1, stage: stage + 1).runs > 0)
  }

  // MARK: Any places of any faults

  /// Rows of which no prediction can be made, and with what their texts begin.
  private static let bad: [(row: [Double?]?, text: String)] = [
    (nil, "null: column 'x': the value is null"),
    ([1, nil], "null: column 'x', element 1: the value is null"),
    ([1], "length: column 'x': Input data does not match expected shape. The row has 1 elements"),
    ([1, 2, 3], "length: column 'x': Input data"),
    ([1, 1500], "model: "),
  ]

  @Test("exactly the bad rows have texts, the others what they get without them", arguments: 0..<60)
  func places(_ seed: Int) async throws {
    var random = SeededNumbers(seed: UInt64(seed))
    let count = Int.random(in: 1...70, using: &random)
    let share = Double.random(in: 0...1, using: &random)
    var rows: [[Double?]?] = []
    var faults: [Int: String] = [:]
    for row in 0..<count {
      // Often few, sometimes all.
      if Double.random(in: 0...1, using: &random) < share * share {
        let (values, text) = Self.bad[Int.random(in: 0..<Self.bad.count, using: &random)]
        rows.append(values)
        faults[row] = text
      } else {
        rows.append([Double(row), Double.random(in: 0..<100, using: &random).rounded()])
      }
    }
    var batches: [RecordBatch] = []
    var start = 0
    while start < count {
      let end = min(count, start + Int.random(in: 1...20, using: &random))
      batches += try Self.pairs(Array(rows[start..<end]))
      start = end
    }
    let size = Int.random(in: 1...17, using: &random)
    let good = (0..<count).filter { faults[$0] == nil }
    let undisturbed =
      good.isEmpty
      ? []
      : try await Self.predict(
        Self.adder(), Self.pairs(good.map { rows[$0] }), batchSize: size, errors: .fail)

    let found = try await Self.predict(Self.adder(), batches, batchSize: size)
    let nulls = try await Self.predict(Self.adder(), batches, batchSize: size, errors: .null)
    #expect(found.count == count && nulls.count == count)
    for (place, row) in good.enumerated() {
      let expected = try Self.fields(undisturbed[place])[0]
      #expect(found[row] == .structure([expected, .null]), "row \(row)")
      #expect(nulls[row] == .structure([expected]), "row \(row)")
    }
    for (row, text) in faults {
      let fields = try Self.fields(found[row])
      #expect(fields[0] == .null && nulls[row] == .null, "row \(row)")
      #expect(try Self.text(fields[1]).hasPrefix(text), "row \(row): \(fields[1])")
    }
  }

  @Test("what a text says does not depend on how the table is cut")
  func texts() async throws {
    var rows: [[Double?]?] = (0..<20).map { [Double($0), 1] }
    for (place, bad) in Self.bad.enumerated() { rows[3 * place + 1] = bad.row }
    let table = try Self.pairs(rows)
    let once = try await Self.predict(Self.adder(), table, batchSize: 64)
    for size in [1, 2, 3, 7] {
      #expect(try await Self.predict(Self.adder(), table, batchSize: size) == once)
    }
    for row in once { #expect(!"\(row)".contains("row 1")) }
  }

  // MARK: What is no row's fault

  @Test("what would meet other rows too ends the job", arguments: [ErrorPolicy.null, .column()])
  func process(_ errors: ErrorPolicy) async throws {
    let gone = await message {
      _ = try await Self.predict(
        Self.adder(), Self.pairs([[1, 2], [2500, 1], [3, 4]]), errors: errors)
    }
    #expect(gone.contains("[PREDICTION]") && gone.contains("the server is gone"), "\(gone)")
    let model = StubModel(
      inputs: [tensor("x", .float32, [-1, 2])], outputs: [tensor("y", .float32, [-1])]
    ) { _ in throw CancellationError() }
    await #expect(throws: CancellationError.self) {
      _ = try await Self.predict(model, Self.pairs([[1, 2]]), errors: errors)
    }
    let wrong = StubModel(
      inputs: [tensor("x", .float32, [-1, 2])], outputs: [tensor("y", .float32, [-1])]
    ) { _ in ["y": .float32(Tensor([1, 2, 3]))] }
    let said = await message {
      _ = try await Self.predict(wrong, Self.pairs([[1, 2], [3, 4]]), errors: errors)
    }
    #expect(said.contains("same length as input data"), "\(said)")
  }

  // MARK: Other shapes and types

  @Test("rows that differ in length are no fault where each may have its own")
  func open() async throws {
    let rows: [[Double?]?] = [[1], [1, 2], [3, 4], nil, [5, 6, 7]]
    let found = try await Self.predict(Self.adder(shape: [-1, -1]), Self.pairs(rows))
    let sums = try found.map { try Self.fields($0)[0] }
    #expect(sums == [.float(1), .float(3), .float(7), .null, .float(18)])
    #expect(try found.count { try Self.fields($0)[1] != .null } == 1)
  }

  @Test("a number that the input's type cannot hold, among several inputs")
  func ranges() async throws {
    let model = StubModel(
      inputs: [tensor("a", .int32, [-1]), tensor("b", .int8, [-1])],
      outputs: [tensor("y", .int32, [-1])]
    ) { ["y": try #require($0["a"])] }
    let batch = try Columns.batch(
      ("a", .numbers([1, 1 << 40, 3, 4] as [Int64?])),
      ("b", .numbers([1, 2, 300, nil] as [Int64?])))
    let found = try await Self.predict(model, [batch])
    #expect(found[0] == .structure([.int(1), .null]))
    let texts = try found.dropFirst().map { try Self.text(Self.fields($0)[1]) }
    #expect(texts[0].hasPrefix("number: column 'a': 1099511627776 does not fit"), "\(texts[0])")
    #expect(texts[1].hasPrefix("number: column 'b': 300 does not fit"), "\(texts[1])")
    #expect(texts[2].hasPrefix("null: column 'b': the value is null"), "\(texts[2])")
  }

  @Test("a number that no column can hold")
  func results() async throws {
    let model = StubModel.giver(
      tensor("out", .uint64, [-1]), .uint64(Tensor([1, .max, 3])))
    let batch = try Columns.batch(("x", Columns.floats([0, 1])))
    let found = try await Self.predict(model, [batch], batchSize: 1)
    #expect(found[0] == .structure([.int(1), .null]))
    let fields = try Self.fields(found[1])
    #expect(fields[0] == .null)
    #expect(try Self.text(fields[1]).hasPrefix("number: the output 'out': 18446744073709551615"))
  }

  @Test("other policies go before: rows that are skipped or filled are no errors")
  func others() async throws {
    let rows: [[Double?]?] = [[1, 2], nil, [1], [3, 4]]
    let skipped = try await Self.predict(Self.adder(), Self.pairs(rows), nulls: .skip)
    #expect(skipped[1] == .structure([.null, .null]))
    #expect(try Self.text(Self.fields(skipped[2])[1]).hasPrefix("length: "))
    #expect(skipped[3] == .structure([.float(7), .null]))
    let filled = try await Self.predict(
      Self.adder(), Self.pairs(rows), nulls: .fill(5), ragged: .pad(with: 1))
    #expect(filled == [3, 10, 2, 7].map { .structure([.float($0), .null]) })
  }

  @Test("fixed batches, and tensors that rows share")
  func layouts() async throws {
    let fixed = Self.adder(shape: [4, 2])
    let rows: [[Double?]?] = [[1, 2], nil, [1500, 0], [3, 4], [5, 6]]
    var model = fixed
    model.outputs = [tensor("y", .float32, [4])]
    let found = try await Self.predict(model, Self.pairs(rows))
    #expect(
      try found.map { try Self.fields($0)[0] } == [.float(3), .null, .null, .float(7), .float(11)])

    var shared = StubModel(
      inputs: [tensor("x", .float32, [-1]), tensor("scale", .float32, [])],
      outputs: [tensor("y", .float32, [-1])]
    ) { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      let scale: Tensor<Float> = try inputs["scale"].map { try $0.typed() } ?? Tensor([])
      return ["y": .float32(x.map { $0 * scale.scalars[0] })]
    }
    shared.hasIndependentRows = true
    let batch = try Columns.batch(
      ("x", .numbers([1, 2, nil, 4] as [Float?])), ("scale", .numbers([2, nil, 2, 3] as [Float?])))
    let scaled = try await Self.predict(shared, [batch])
    #expect(
      try scaled.map { try Self.fields($0)[0] } == [.float(2), .null, .null, .float(12)])
    #expect(try Self.text(Self.fields(scaled[1])[1]).hasPrefix("null: column 'scale'"))
  }

  @Test("the function of batches gives the same beside the table")
  func batches() async throws {
    let table = try Self.pairs([[1, 2], nil, [1, 1500]])
    let schema = try StructType(arrow: table[0].schema)
    for structure in [nil, "preds"] as [String?] {
      let model = Self.adder()
      let plan = try ModelPrediction.plan(
        model: model, reference: reference, table: schema, into: structure, errors: .column("why"))
      let parameters = try plan.batchParameters(table: schema, into: structure)
      let output = try await BatchModelPrediction(loaders: [.onnx: { _, _, _ in model }]).evaluate(
        BatchList(table),
        invocation: FunctionInvocation(
          function: BatchModelPrediction.name, id: "", fingerprint: "",
          parameters: try FunctionInvocation.encode(parameters)),
        worker: WorkerContext(models: ModelCache()))
      let batch = try #require(try await output.next())
      let returned = plan.batchReturnType(table: schema, into: structure)
      #expect(batch.schema.fields.map(\.name) == returned.names)
      let whole = try #require(structure == nil ? batch.column("why") : batch.column("preds"))
      let texts = structure == nil ? whole : whole.nullableField(1)
      #expect(texts.isNull(0) && !texts.isNull(1) && !texts.isNull(2))
      #expect(returned.fields.last?.isNullable == true)
    }
  }

  // MARK: How many may fail

  @Test(
    "a task ends when more rows fail than may",
    arguments: [
      (ErrorLimit.rows(2), true), (3, false), (0, true), (.percent(10), true),
      (.percent(15), false),
      (.percent(100), false),
    ] as [(ErrorLimit, Bool)])
  func limits(_ limit: ErrorLimit, _ fails: Bool) async throws {
    var rows: [[Double?]?] = (0..<20).map { [Double($0), 1] }
    rows[1] = nil
    rows[7] = [1500, 1]
    rows[8] = nil
    let said = await message {
      _ = try await Self.predict(Self.adder(), Self.pairs(rows), errors: .null, maxErrors: limit)
    }
    #expect(said.hasPrefix("[TOO_MANY_ERRORS] needletail.predict(m.onnx): ") == fails, "\(said)")
    if fails {
      #expect(said.contains("(--max-errors) lets pass, \(limit)"), "\(said)")
      #expect(said.contains("x null (row 1 of the partition: column 'x'"), "\(said)")
    } else {
      #expect(said == "no error")
    }
  }

  @Test("limits as they are written", arguments: ["0", "12", "1%", "0.5%", "100%"])
  func written(_ text: String) {
    #expect(ErrorLimit(text)?.description == text)
  }

  @Test("what is no limit", arguments: ["", "-1", "%", "101%", "-1%", "nan%", "1.5", "many"])
  func unwritten(_ text: String) {
    #expect(ErrorLimit(text) == nil)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var errors: ErrorPolicy
    var limit: ErrorLimit?
    var says: String
    var testDescription: String { says }
  }

  @Test(arguments: [
    Refusal(errors: .fail, limit: 3, says: "the first row that fails ends the job"),
    Refusal(errors: .null, limit: .rows(-1), says: "a number of rows, or a share from 0% to 100%"),
    Refusal(errors: .column("X"), says: "the table has a column 'x' already"),
    Refusal(errors: .column("Y"), says: "the output 'y' becomes the column 'y'"),
    Refusal(errors: .column(""), says: "the column for errors has no name"),
  ])
  func refused(_ item: Refusal) async {
    let said = await message {
      _ = try await Self.predict(
        Self.adder(), Self.pairs([[1, 2]]), errors: item.errors, maxErrors: item.limit)
    }
    #expect(said.contains(item.says), "\(said)")
  }

  @Test("a failing job names both forms of the options")
  func advice() async {
    let null = await message {
      _ = try await Self.predict(Self.adder(), Self.pairs([nil]), errors: .fail)
    }
    #expect(null.contains("nulls: .fill(0) or .skip (--on-null fill=0 or null)"), "\(null)")
    let short = await message {
      _ = try await Self.predict(Self.adder(), Self.pairs([[1]]), errors: .fail)
    }
    #expect(short.contains("ragged: .pad() (--on-ragged pad=0)"), "\(short)")
  }
}
