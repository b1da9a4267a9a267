import ArrowIPC
import SparkTypes
import Testing

@testable import SparkFunctions

/// The numbers of rows in messages, where some rows were left out.
struct RowNumberTests {
  private static func origin(_ kept: [Int]?) -> RowOrigin {
    var origin = RowOrigin(first: 100, whole: "the file")
    origin.kept = kept
    return origin
  }

  @Test(
    "chunks number the rows that are left",
    arguments: [
      (nil, [[100, 101, 102], [103, 104]]), ([1, 2, 7, 8, 20], [[101, 102, 107], [108, 120]]),
    ] as [([Int]?, [[Int]])])
  func chunks(_ kept: [Int]?, _ expected: [[Int]]) async throws {
    let batch = try RecordBatch([("x", .numbers([1, nil, 3, 4, 5] as [Int64?]))])
    let chunks = BatchChunks(BatchList([batch]), size: 3, of: Self.origin(kept))
    for numbers in expected {
      let chunk = try #require(try await chunks.next())
      #expect(numbers.indices.map { chunk.rows[$0] } == numbers)
      #expect(numbers.map { chunk.rows.row(numbered: $0) } == Array(numbers.indices))
    }
    #expect(try await chunks.next() == nil)
  }

  @Test("rows with nulls that are skipped too keep the others' numbers")
  func nulls() async throws {
    let batch = try RecordBatch([("x", .numbers([1, nil, 3] as [Int64?]))])
    let chunks = BatchChunks(BatchList([batch]), size: 8, of: Self.origin([4, 5, 9]))
    let chunk = try #require(try await chunks.next())
    _ = try await chunk.answered(nulls: .skip, type: .long) { left, rows in
      #expect((0..<left.rowCount).map { rows[$0] } == [104, 109])
      return left.columns[0]
    }
  }
}
