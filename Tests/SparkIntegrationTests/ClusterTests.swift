import SparkConnect
import SparkScan
import Testing

/// Files that workers read on executors that are processes of their own.
struct ClusterTests {
  @Test("an executor is killed while its workers read files")
  func executorKilled() async throws {
    let outcome = try await Programs.run(
      "IntegrationProgram",
      [
        "scan-executor-killed", "--remote", try await TestClusters.shared.remote(.standalone),
        "--folder", Programs.quickStart,
      ])
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test("a cluster tells how many tasks it runs at once")
  func parallelism() async throws {
    let session = try await SparkSession.connect(try await TestClusters.shared.remote(.standalone))
    #expect(try await NativeScanPlanner.clusterParallelism(session) == 2)
    await session.stop()
  }
}
