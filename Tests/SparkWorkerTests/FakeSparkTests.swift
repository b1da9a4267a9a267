import ArrowIPC
import BatchInference
import NeedletailTesting
import SparkWorker
import Testing
import WorkerFunctions

@Suite struct FakeSparkTests {
  @Test(arguments: SparkProtocolVersion.allCases)
  func scalesAColumn(version: SparkProtocolVersion) async throws {
    let batches = [try doubles([1, 2, 3]), try doubles([4])]
    let results = try await FakeSpark(version: version).run(WorkerFunctions.scale, on: batches)
    #expect(try values(results) == [2, 4, 6, 8])
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func mapsTables(version: SparkProtocolVersion) async throws {
    let batch = try RecordBatch([
      ("a", .numbers([1.0, 2.0])), ("b", .strings(["x", nil])),
    ])
    let results = try await FakeSpark(version: version).run(
      WorkerFunctions.reversedTable, on: [batch])
    #expect(results.count == 1)
    #expect(results[0].schema.fields.map(\.name) == ["b", "a"])
    #expect(results[0].columns[0].string(0) == "x")
    #expect(results[0].columns[0].isNull(1))
  }
}
