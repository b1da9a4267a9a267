import ArrowIPC
import ErrorCauses
import ModelKinds
import Models
import SparkConnect
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@testable import LocalEngine

/// Rows that fail in a table that several threads compute.
@Suite(.timeLimit(.minutes(2)))
struct RowErrorTests {
  /// 1000 rows of numbers in 10 batches, of which these are null, and a model that refuses those from 950.
  private static func table(nulls: Set<Int>) throws -> LocalTable {
    var batches: [RecordBatch] = []
    for batch in 0..<10 {
      let rows = (0..<100).map { 100 * batch + $0 }
      let values: [Float?] = rows.map { nulls.contains($0) ? nil : Float($0) }
      batches.append(
        try RecordBatch([("id", .numbers(rows.map { Int64($0) })), ("v", .numbers(values))]))
    }
    return try LocalTable(batches)
  }

  private static func predicted(
    _ table: LocalTable, _ errors: ErrorPolicy, _ limit: ErrorLimit? = nil
  ) async throws -> LocalTable {
    let doubling = StubModel.doubling()
    var model = doubling
    model.answer = { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      if x.scalars.contains(where: { $0 >= 950 }) { throw TensorError("too great") }
      return try doubling.answer(inputs)
    }
    return try await table.predicting(
      .onnx("stub.onnx"), loaded: model,
      PredictionRequest(
        inputs: ["x": "v"], outputs: ["y": "p"], batchSize: 8, errors: errors, maxErrors: limit)
    ).running(threads: 4)
  }

  private static let nulls: Set<Int> = [3, 4, 250, 777]

  @Test("failed rows have texts, the others their predictions, and all are counted")
  func column() async throws {
    let table = try await Self.predicted(Self.table(nulls: Self.nulls), .column("why"))
    #expect(table.schema.ddl == "id bigint, v float, p float, why string")
    for (id, row) in try await table.rows().enumerated() {
      #expect(row[0] == .int(Int64(id)))
      let isGood = id < 950 && !Self.nulls.contains(id)
      #expect(row[2] == (isGood ? .float(Double(2 * id)) : .null), "row \(id)")
      #expect((row[3] == .null) == isGood, "row \(id)")
    }
    let summary = try await table.run(into: CountingSink())
    #expect(summary.rows == 1000 && summary.failures.count == 54)
    #expect(summary.failures.groups.map(\.kind) == [.model, .null])
    #expect(summary.failures.groups.map(\.count) == [50, 4])
    #expect(
      summary.failures.groups.map { String($0.example.prefix { $0 != "'" }) } == [
        "row 950 of the table: too great", "row 3 of the table: column ",
      ])
  }

  @Test("errors of a struct stand in it")
  func structure() async throws {
    let table = try await Self.table(nulls: [1]).predicting(
      .onnx("stub.onnx"), loaded: StubModel.doubling(),
      PredictionRequest(inputs: ["x": "v"], into: "preds", errors: .column()))
    #expect(table.schema.ddl == "id bigint, v float, preds struct<y:float,error:string>")
    let rows = try await table.select("preds.y", "preds.error").limit(2).rows()
    #expect(rows[0].values == [.float(0), .null])
    #expect(rows[1][0] == .null && rows[1][1] != .null)
  }

  @Test(
    "the limit counts the rows of all threads",
    arguments: [(54, false), (53, true), (.percent(5.4), false), (.percent(5.3), true)]
      as [(ErrorLimit, Bool)])
  func limits(_ limit: ErrorLimit, _ fails: Bool) async throws {
    let table = try await Self.predicted(Self.table(nulls: Self.nulls), .null, limit)
    let sink = RecordingSink()
    let said = await message { _ = try await table.select("id").run(into: CountingSink()) }
    #expect(said == "no error")
    let counted = await message { _ = try await table.run(into: sink) }
    #expect(counted.hasPrefix("[TOO_MANY_ERRORS]") == fails, "\(counted)")
    #expect(sink.now.commits == (fails ? 0 : 1) && sink.now.aborts == (fails ? 1 : 0))
  }

  @Test("a function over batches behind the prediction changes nothing in that")
  func mapped() async throws {
    let same = MapBatchesFunction("same", returning: ["id": .long, "p": .float]) { batches in
      batches
    }
    for (limit, fails) in [(54, false), (53, true)] as [(ErrorLimit, Bool)] {
      let table = try await Self.predicted(Self.table(nulls: Self.nulls), .null, limit)
        .select("id", "p").mapBatches(same).running(threads: 3)
      let said = await message {
        let summary = try await table.run(into: CountingSink())
        #expect(summary.failures.count == 54)
      }
      #expect(said.hasPrefix("[TOO_MANY_ERRORS]") == fails, "\(said)")
      #expect(fails || said == "no error", "\(said)")
    }
  }
}
