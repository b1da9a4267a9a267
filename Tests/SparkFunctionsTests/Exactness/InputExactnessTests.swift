import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Random numbers of every type into every element type in all forms: each arrives as it is (in
/// floating-point types rounded to the nearest), or there is an error that names column and row.
@Suite struct InputExactnessTests {
  static let seed: UInt64 = 20_261_129
  static let rounds = 2

  static let integers: [any (NumericTensorElement & PredictInputElement).Type] = [
    Int8.self, Int16.self, Int32.self, Int64.self, UInt8.self, UInt16.self, UInt32.self,
    UInt64.self,
  ]
  static let floats: [any (NumericTensorElement & PredictInputElement).Type] = [
    Float16.self, Float.self, Double.self,
  ]

  /// What a form gave: its elements in the order of the column's, or the error.
  typealias Outcome<Element> = Result<[Element?], any Error>

  /// Compares an outcome with what `source` holds.
  static func check<Element: NumericTensorElement>(
    _ outcome: Outcome<Element>, _ source: RandomColumn, perRow: Int = 1, fill: Element? = nil,
    _ form: String, _ kind: RandomColumn.Kind, seed: UInt64
  ) {
    let note = Comment(
      rawValue: "\(form) of \(Element.elementType) from \(kind), seed \(seed): \(source.values)")
    let misfits = source.values.enumerated().filter { _, value in
      value.map { !$0.fits(Element.elementType) } ?? false
    }.map { $0.offset / perRow }
    switch outcome {
    case .success(let elements):
      #expect(misfits.isEmpty, note)
      guard elements.count == source.values.count else {
        Issue.record("\(elements.count) elements: \(note)")
        return
      }
      for (value, element) in zip(source.values, elements) {
        if let value, let element {
          #expect(value.became(element), "\(element): \(note)")
        } else if value == nil, let fill {
          #expect(element == fill, note)
        } else {
          #expect(value == nil && element == nil, note)
        }
      }
    case .failure(let error):
      let text = "\(error)"
      let isAboutMisfit = misfits.contains { text.contains("row \($0)") }
      #expect(
        isAboutMisfit && text.contains("column 'x") && text.contains("does not fit"),
        "\(text): \(note)")
    }
  }

  private func outcome<Element, Input: PredictInput>(
    _ column: ArrowColumn, shapes: InputTensorShapes = .none, nulls: NullPolicy = .fail,
    _ elements: @escaping @Sendable (Input) -> [Element?]
  ) async -> Outcome<Element> where Element: Sendable {
    let log = Log<[Element?]>()
    // The rows of the second batch go on counting.
    let function = PredictBatchUDF(
      "exact", returning: .long, batchSize: 4, inputTensorShapes: shapes, nulls: nulls
    ) { _ in
      { (input: Input) -> ArrowColumn in
        let found = elements(input)
        log.append(found)
        let rows = log.entries.count == 1 ? 4 : column.count - 4
        return .numbers(Array(repeating: Int64(0), count: rows))
      }
    }
    do {
      _ = try await function.predictLocally(on: [Columns.batch(("x", column))])
      return .success(log.entries.flatMap(\.self))
    } catch {
      return .failure(error)
    }
  }

  private func checkClosures<Element: NumericTensorElement & PredictInputElement>(
    _: Element.Type, _ kind: RandomColumn.Kind, _ random: inout SeededNumbers
  ) async throws {
    func check(
      _ found: Outcome<Element>, _ source: RandomColumn, perRow: Int = 1, fill: Element? = nil,
      _ form: String
    ) {
      Self.check(found, source, perRow: perRow, fill: fill, form, kind, seed: Self.seed)
    }
    let plain = try RandomColumn(kind, rows: 7, using: &random).dropping(1)
    check(await outcome(plain.column) { (x: Tensor<Element>) in x.scalars }, plain, "Tensor")
    check(await outcome(plain.column) { (x: [Element]) in x }, plain, "array")
    let gaps = try RandomColumn(kind, rows: 7, hasNulls: true, using: &random).dropping(1)
    check(await outcome(gaps.column) { (x: [Element?]) in x }, gaps, "array of optionals")
    let one = Element(converting: 1.0)
    check(
      await outcome(gaps.column, nulls: .fill(1)) { (x: Tensor<Element>) in x.scalars }, gaps,
      fill: one, "filled tensor")
    check(
      await outcome(gaps.column, nulls: .fill(1)) { (x: [Element]) in x }, gaps, fill: one,
      "filled array")

    let many = try RandomColumn(kind, rows: 13, hasNulls: true, using: &random).dropping(1)
    let lists = ArrowColumn.lists(of: many.column, rows: 6, width: 2)
    check(
      await outcome(lists) { (x: [[Element?]]) in x.flatMap { $0 } }, many, perRow: 2,
      "arrays of optionals")
    let full = try RandomColumn(kind, rows: 13, using: &random).dropping(1)
    let fullLists = ArrowColumn.lists(of: full.column, rows: 6, width: 2)
    check(
      await outcome(fullLists) { (x: [[Element]]) in x.flatMap { $0 } }, full, perRow: 2, "arrays")
    check(
      await outcome(fullLists, shapes: [[2]]) { (x: Tensor<Element>) in x.scalars }, full,
      perRow: 2, "tensor of arrays")
    let nested = ArrowColumn.lists(of: fullLists, rows: 6, width: 1)
    check(
      await outcome(nested, shapes: [[1, 2]]) { (x: Tensor<Element>) in x.scalars }, full,
      perRow: 2, "tensor of nested arrays")
    check(
      await outcome(nested) { (x: [[[Element]]]) in x.flatMap { $0.flatMap { $0 } } }, full,
      perRow: 2, "nested arrays")
  }

  @Test(arguments: RandomColumn.Kind.allCases)
  func closures(kind: RandomColumn.Kind) async throws {
    var random = SeededNumbers(seed: Self.seed)
    for _ in 0..<Self.rounds {
      for type in Self.integers + Self.floats { try await checkClosures(type, kind, &random) }
    }
  }

  private func modelOutcome(
    _ type: ElementType, _ shape: Shape, _ batch: RecordBatch, columns: InputColumns
  ) async -> Result<AnyTensor, any Error> {
    let log = Log<AnyTensor>()
    let input = tensor("in", type, shape)
    let model = StubModel(inputs: [input], outputs: [tensor("out", .int64, [-1])]) { inputs in
      guard let tensor = inputs["in"] else { throw TensorError("no input") }
      log.append(tensor)
      return ["out": .int64(Tensor(repeating: 0, shape: [tensor.rowCount]))]
    }
    do {
      let plan = try ModelPrediction.plan(
        model: model, reference: ModelReference(format: .onnx, file: "m.onnx"),
        table: StructType(arrow: batch.schema), inputs: ["in": columns], batchSize: 100)
      let function = ModelPrediction(loaders: [.onnx: { _, _, _ in model }])
      let invocation = FunctionInvocation(
        function: function.name, id: function.name, fingerprint: "",
        parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
      let worker = WorkerContext(models: ModelCache())
      let output = try await function.evaluate(
        BatchList([batch]), invocation: invocation, worker: worker)
      while try await output.next() != nil {}
      return .success(log.entries[0])
    } catch {
      return .failure(error)
    }
  }

  private func checkModels<Element: NumericTensorElement>(
    _: Element.Type, _ kind: RandomColumn.Kind, _ random: inout SeededNumbers
  ) async throws {
    let type = Element.elementType
    func check(
      _ found: Result<AnyTensor, any Error>, _ source: RandomColumn, perRow: Int = 1, _ form: String
    ) {
      let elements: Outcome<Element> = found.flatMap { tensor in
        Result { try tensor.typed(as: Element.self).scalars }
      }
      Self.check(elements, source, perRow: perRow, form, kind, seed: Self.seed)
    }
    let plain = try RandomColumn(kind, rows: 7, using: &random).dropping(1)
    let batch = try Columns.batch(("x", plain.column))
    let found = await modelOutcome(type, [-1], batch, columns: "x")
    if !type.isFloatingPoint, [.half, .float, .double].contains(kind) {
      // Known before any number is.
      guard case .failure(let error) = found else {
        Issue.record("\(kind) feeds \(type)")
        return
      }
      #expect("\(error)".contains("would lose fractions"))
      return
    }
    check(found, plain, "model input")
    let full = try RandomColumn(kind, rows: 13, using: &random).dropping(1)
    let lists = try Columns.batch(("x", .lists(of: full.column, rows: 6, width: 2)))
    for shape: Shape in [[-1, 2], [-1, -1], [-1, 1, 2]] {
      check(
        await modelOutcome(type, shape, lists, columns: "x"), full, perRow: 2,
        "model input \(shape)")
    }
    // One column after the other: even elements, then odd ones.
    let halves = try ["x0", "x1"].enumerated().map { offset, name in
      let positions = stride(from: offset, to: 12, by: 2)
      return (
        name: name,
        column: try ArrowColumn.concatenating(positions.map { full.column.slice($0..<$0 + 1) })
      )
    }
    check(
      await modelOutcome(type, [-1, 2], try RecordBatch(halves), columns: ["x0", "x1"]), full,
      perRow: 2, "model input of columns")
    check(
      await modelOutcome(
        type, [-1, 2], try Columns.batch(("x", try .structure(halves))), columns: "x"), full,
      perRow: 2, "model input of a struct")
  }

  @Test(arguments: RandomColumn.Kind.allCases)
  func models(kind: RandomColumn.Kind) async throws {
    var random = SeededNumbers(seed: Self.seed)
    for _ in 0..<Self.rounds {
      for type in Self.integers + Self.floats { try await checkModels(type, kind, &random) }
      try await checkModels(BFloat16.self, kind, &random)
    }
  }

  /// What is no number is refused before any job, by the column's name.
  @Test(
    arguments: [
      ("date", .date), ("timestamp", .timestamp), ("timestamp_ntz", .timestampNTZ),
      ("interval day", .dayTimeInterval()), ("interval year", .yearMonthInterval()),
      ("string", .string), ("map", .map(.string, .long)), ("array of dates", .array(.date)),
    ] as [(String, DataType)])
  func othersAreRefused(name: String, type: DataType) async throws {
    let shapes: InputTensorShapes = type.arrayElement == nil ? .none : [[1]]
    func closure<Element: NumericTensorElement & PredictInputElement>(_: Element.Type) throws {
      let tensors = PredictBatchUDF(
        "t", returning: .long, batchSize: 1, inputTensorShapes: shapes
      ) { _ in { (x: Tensor<Element>) -> [Int64] in [] } }
      let arrays = PredictBatchUDF("a", returning: .long, batchSize: 1) { _ in
        { (x: [Element]) -> [Int64] in [] }
      }
      for function: any DriverCheckedFunction in [tensors, arrays] {
        let error = #expect(throws: InferenceError.self) {
          try function.check(arguments: [("x", type)])
        }
        #expect(error?.message.contains("column 'x'") ?? false)
      }
    }
    for element in Self.integers + Self.floats {
      try closure(element)
      let input = tensor("in", element.elementType, type.arrayElement == nil ? [-1] : [-1, 1])
      let error = #expect(throws: InferenceError.self) {
        _ = try ModelPrediction.plan(
          modelInputs: [input], modelOutputs: [tensor("out", .float32, [-1])],
          reference: ModelReference(format: .onnx, file: "m.onnx"), table: ["x": type],
          inputs: ["in": "x"])
      }
      #expect(error?.message.contains("'x'") ?? false)
    }
  }
}
