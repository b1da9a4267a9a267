import SparkWorker
import Testing

struct RowCountsTests {
  @Test("what processes have counted is added up, and nothing stays behind")
  func counts() async throws {
    let counts = try #require(RowCounts())
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

  @Test("where nobody asked nothing is counted")
  func unasked() {
    RowMeter(folder: nil).add(1)
    RowMeter(folder: "").add(1)
    // A folder that is gone does not matter to the job.
    RowMeter(folder: "/nonexistent/rows").add(1)
  }
}
