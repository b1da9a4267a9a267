import ArrowIPC
import Testing

@testable import LocalEngine

@Suite("Samples of tables")
struct SampleTests {
  @Test("rows in memory are taken from each batch, in their order")
  func memory() async throws {
    let batches = try [[0, 1, 2, 3], [4], [5, 6, 7, 8]].map {
      try RecordBatch([("id", .numbers($0.map { Int64($0) }))])
    }
    let table = try LocalTable(batches)
    let taken = try await table.sample(rows: 5).collectBatches().flatMap { $0.columns[0].values }
    #expect(taken == [0, 1, 4, 5, 6].map { .int($0) })
    #expect(try await table.sample(rows: 100).count() == 9)
    #expect(throws: LocalTableError.self) { try table.limit(3).sample(rows: 2) }
  }
}
