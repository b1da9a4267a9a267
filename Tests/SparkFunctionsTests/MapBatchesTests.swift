import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@Suite struct MapBatchesTests {
  private static func input() throws -> [RecordBatch] {
    try [[1, 2, 3], [4]].map {
      try Columns.batch(("id", ArrowColumn(Tensor($0.map { Int64($0) }))))
    }
  }

  @Test func mapsLazily() async throws {
    let function = MapBatchesFunction("double", returning: ["twice": .double, "id": .long]) {
      batches in
      batches.map { batch in
        let twice = ArrowColumn(try batch.columns[0].tensor(of: Double.self).map { $0 * 2 })
        return try RecordBatch([("id", batch.columns[0]), ("twice", twice)])
      }
    }
    #expect(function.kind == .batches && !function.isBarrier)
    let output = try await function.evaluateLocally(on: Self.input())
    #expect(output.map(\.rowCount) == [3, 1])
    #expect(output[0].schema.fields.map(\.name) == ["twice", "id"])
    #expect(output[1].columns[0].values == [.float(8)])
  }

  @Test func filtersAndSeesItsSurroundings() async throws {
    struct Options: Codable, Sendable { var limit: Int }
    let function = MapBatchesFunction(
      "filter", returning: ["id": .long], isBarrier: true, parameters: Options.self
    ) { batches, worker, options in
      let model = try await worker.shared("model") { 41 }
      #expect(model == 41)
      return batches.filter { $0.rowCount < options.limit }
    }
    #expect(function.isBarrier)
    let output = try await function.evaluateLocally(
      on: Self.input(), parameters: Options(limit: 3))
    #expect(output.map(\.rowCount) == [1])
  }

  @Test(
    arguments: [
      (
        ["id": .integer],
        ["Columns do not match in their data type", "column 'id' (expected int32, actual int64)"]
      ),
      (
        ["number": .long],
        ["Column names of the returned batch do not match", "Missing: number.", "Unexpected: id."]
      ),
      (["id": .long, "more": .long], ["Missing: more."]),
      (["id": .unparsed("later")], ["no Arrow form"]),
    ] as [(StructType, [String])])
  func resultsAreChecked(schema: StructType, texts: [String]) async throws {
    let function = MapBatchesFunction("same", returning: schema) { batches, worker in batches }
    let text = await message { _ = try await function.evaluateLocally(on: Self.input()) }
    for expected in texts { #expect(text.contains(expected), "\(text)") }
  }

  @Test func nullsAreNamed() async throws {
    let schema: StructType = [StructField("id", .long, isNullable: false)]
    let function = MapBatchesFunction("same", returning: schema) { batches in batches }
    let text = await message {
      let batches = try [[1, 2], [3, nil]].map {
        try Columns.batch(("id", .numbers($0.map { $0.map { Int64($0) } })))
      }
      _ = try await function.evaluateLocally(on: batches)
    }
    #expect(text.contains("column 'id', row 3"), "\(text)")
  }

  @Test func nullsWithinArraysAndStructsAreNamed() async throws {
    let rows: DataType = .struct([StructField("b", .long, isNullable: false)])
    let schema: StructType = [StructField("a", .array(rows))]
    let column = try ArrowColumn(
      [.list([.null, .structure([.int(1)])]), .null, .list([.structure([.null])])],
      type: .list(ArrowField("element", .structure([ArrowField("b", .int64)]))))
    let function = MapBatchesFunction("same", returning: schema) { batches in batches }
    let text = await message {
      _ = try await function.evaluateLocally(on: [Columns.batch(("a", column))])
    }
    #expect(text.contains("column 'a.element.b', row 2"), "\(text)")
  }

  @Test func errorsOfTheClosureNameTheFunction() async throws {
    struct Broken: Error {}
    let function = MapBatchesFunction("broken", returning: ["id": .long]) { batches in
      batches.map { _ -> RecordBatch in throw Broken() }
    }
    let text = await message { _ = try await function.evaluateLocally(on: Self.input()) }
    #expect(text == "[PREDICTION] broken: Broken()", "\(text)")
  }
}
