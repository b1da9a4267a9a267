import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Inputs that are no tensors of numbers.
@Suite struct ValueInputTests {
  private func description<Input: PredictInput>(
    _: Input.Type, _ column: ArrowColumn, nulls: NullPolicy = .fail,
    shapes: InputTensorShapes = .none
  ) async throws -> String {
    let log = Log<String>()
    let function = PredictBatchUDF(
      "values", returning: .long, batchSize: 100, inputTensorShapes: shapes, nulls: nulls
    ) { _ in
      { (input: Input) -> [Int64] in
        log.append("\(input)")
        return Array(repeating: 0, count: column.count)
      }
    }
    _ = try await function.predictLocally(on: [Columns.batch(("x", column))])
    return log.entries.joined()
  }

  @Test func arraysOfValues() async throws {
    let text = ArrowColumn.strings(["a", nil])
    #expect(try await description([String].self, .strings(["a", "b"])) == #"["a", "b"]"#)
    #expect(try await description([String?].self, text) == #"[Optional("a"), nil]"#)
    #expect(
      try await description([String].self, text, nulls: .fill(0, text: "?")) == #"["a", "?"]"#)
    #expect(try await description([Bool].self, .booleans([true, false])) == "[true, false]")
    #expect(
      try await description([Double?].self, .numbers([1, nil] as [Int32?]))
        == "[Optional(1.0), nil]")
    #expect(try await description([Int].self, .numbers([1, -2] as [Int8?])) == "[1, -2]")
    #expect(try await description([[UInt8]].self, .binary([[1, 2], []])) == "[[1, 2], []]")
    #expect(try await description([[UInt8]?].self, .binary([[1], nil])) == "[Optional([1]), nil]")
    #expect(
      try await description([[Float]].self, Columns.ragged([[1], [2, 3]])) == "[[1.0], [2.0, 3.0]]")
    #expect(
      try await description([[Float?]].self, Columns.ragged([[1], [nil, 3]]))
        == "[[Optional(1.0)], [nil, Optional(3.0)]]")
    #expect(
      try await description([[Float]].self, Columns.raw([[1, 2], [3]])) == "[[1.0, 2.0], [3.0]]")
    #expect(
      try await description([[String]].self, .lists(of: .strings(["a", "b"]), rows: 1, width: 2))
        == #"[["a", "b"]]"#)
  }

  @Test func slicedColumns() async throws {
    let column = try Columns.ragged([[0], [1, 2], nil, [3], [4, 5, 6]]).slice(1..<5)
    #expect(
      try await description([[Float]?].self, column)
        == "[Optional([1.0, 2.0]), nil, Optional([3.0]), Optional([4.0, 5.0, 6.0])]")
  }

  @Test func stringTensors() async throws {
    let log = Log<StringTensor>()
    let function = PredictBatchUDF(
      "strings", returning: .string, batchSize: 2, inputTensorShapes: [[-1]]
    ) { _ in
      { (input: StringTensor) -> [String] in
        log.append(input)
        return (0..<input.rowCount).map { "\($0)" }
      }
    }
    let words = ArrowColumn.strings(["a", "b", "c", "d", "e", "f"])
    _ = try await function.predictLocally(
      on: [Columns.batch(("x", .lists(of: words, rows: 3, width: 2)))])
    #expect(log.entries.map(\.shape) == [[2, 2], [1, 2]])
    #expect(log.entries.flatMap(\.strings) == ["a", "b", "c", "d", "e", "f"])
  }

  @Test func rawColumns() async throws {
    let log = Log<String>()
    let function = PredictBatchUDF("raw", returning: .long, batchSize: 10) { _ in
      { (input: RecordBatch) -> [Int64] in
        log.append(input.schema.fields.map(\.name).joined(separator: ","))
        return Array(repeating: 0, count: input.rowCount)
      }
    }
    let floats = Columns.floats([1, 2])
    for batch in [
      try Columns.batch(("a", floats), ("b", floats)), try Columns.batch(("a", floats)),
      try Columns.batch(("s", .structure([("p", floats), ("q", floats)]))),
    ] { _ = try await function.predictLocally(on: [batch]) }
    #expect(log.entries == ["a,b", "a", "p,q"])
  }

  @Test func wrongTypesAreNamed() async throws {
    let cases: [(@Sendable () async throws -> String, String)] = [
      ({ try await description([String].self, Columns.floats([1])) }, "[String] takes strings"),
      ({ try await description([Bool].self, Columns.floats([1])) }, "[Bool] takes booleans"),
      ({ try await description([Float].self, .strings(["a"])) }, "[Float] takes numbers"),
      ({ try await description([[Float]].self, Columns.floats([1])) }, "takes arrays"),
      ({ try await description([String].self, .strings([nil])) }, "column 'x', row 0"),
      (
        { try await description([Float].self, .numbers([1, nil] as [Float?])) }, "column 'x', row 1"
      ),
      ({ try await description(StringTensor.self, .strings(["a", nil])) }, "column 'x', row 1"),
    ]
    for (body, expected) in cases {
      let text = await message { _ = try await body() }
      #expect(text.contains(expected), "\(text)")
    }
  }

  @Test func structOfOneTextIsThatText() async throws {
    let function = PredictBatchUDF("lengths", returning: .long, batchSize: 2) { _ in
      { (texts: [String]) -> [Int64] in texts.map { Int64($0.count) } }
    }
    let column = try ArrowColumn.structure([("t", .strings(["a", "bb", ""]))])
    let result = try await function.predictLocally(on: [Columns.batch(("s", column))])
    #expect(result.values == [.int(1), .int(2), .int(0)])
    try function.check(arguments: [("s", .struct(["t": .string]))])
    #expect(throws: InferenceError.self) {
      try function.check(arguments: [("s", .struct(["t": .string, "u": .string]))])
    }
  }
}
