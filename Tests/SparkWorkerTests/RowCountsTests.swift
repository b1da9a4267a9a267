import Glibc
import SparkWorker
import Testing

struct RowCountsTests {
  @Test("what processes have counted is added up, and nothing stays behind")
  func counts() async throws {
    let counts = try #require(RowCounts(owner: "1-2") { _ in false })
    let folder = try #require(counts.variables[RowCounts.variable])
    #expect(counts.rows == 0)
    let meter = RowMeter(folder: folder)
    meter.add(5)
    #expect(counts.rows == 5)
    // Too soon to be told, but not forgotten.
    meter.add(7)
    try await Task.sleep(for: .milliseconds(150))
    meter.add(1)
    #expect(counts.rows == 13)
    counts.remove()
    #expect(counts.rows == 0)
  }

  @Test("what a process that was killed has left is removed by the next, and no other's")
  func stale() throws {
    let (gone, alive) = ("gone-\(UInt32.random(in: 0 ... .max))", "alive-1")
    let (left, kept) = (
      try #require(RowCounts(owner: gone) { _ in false }),
      try #require(RowCounts(owner: alive) { _ in false })
    )
    defer { kept.remove() }
    RowMeter(folder: left.variables[RowCounts.variable]).add(5)
    RowMeter(folder: kept.variables[RowCounts.variable]).add(7)
    #expect(left.rows == 5 && kept.rows == 7)
    let next = try #require(RowCounts(owner: "next-1") { $0 == gone })
    defer { next.remove() }
    #expect(left.rows == 0 && kept.rows == 7 && next.rows == 0)
    let folder = try #require(left.variables[RowCounts.variable])
    #expect(access(folder, F_OK) != 0)
  }

  @Test("where nobody asked nothing is counted")
  func unasked() {
    RowMeter(folder: nil).add(1)
    RowMeter(folder: "").add(1)
    // A folder that is gone does not matter to the job.
    RowMeter(folder: "/nonexistent/rows").add(1)
  }
}
