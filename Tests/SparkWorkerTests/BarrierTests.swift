import ArrowIPC
import NeedletailTesting
import SparkWorker
import Testing
import WorkerFunctions

@Suite struct BarrierTests {
  static let cases = SparkProtocolVersion.allCases.flatMap { version in
    FakeSpark.Transport.allCases.compactMap { transport in
      version == .v4_0 && transport == .unix ? nil : (version, transport)
    }
  }

  @Test(arguments: cases)
  func exchangesMessages(version: SparkProtocolVersion, transport: FakeSpark.Transport) async throws
  {
    let barrier = try FakeSparkBarrier(tasks: 3, transport: transport)
    defer { barrier.close() }
    try await withThrowingTaskGroup(of: [String?].self) { group in
      for partition in 0..<3 {
        group.addTask {
          strings(
            try await FakeSpark(version: version).run(
              WorkerFunctions.gather, on: [doubles([1])]
            ) {
              $0.partition = partition
              $0.barrier = barrier.addresses[partition]
            })
        }
      }
      for try await result in group { #expect(result == ["task 0, task 1, task 2"]) }
    }
  }

  @Test func reportsTheCoordinatorsError() async throws {
    let barrier = try FakeSparkBarrier(
      tasks: 1, transport: .tcp, failure: "The coordinator did not get all barrier sync requests")
    defer { barrier.close() }
    let error = await failure {
      _ = try await FakeSpark().run(WorkerFunctions.gather, on: [doubles([1])]) {
        $0.barrier = barrier.addresses[0]
      }
    }
    #expect(error?.message.contains("[BARRIER] The coordinator did not get all") == true)
  }

  @Test func reportsAMissingCoordinator() async throws {
    let error = await failure {
      _ = try await FakeSpark().run(WorkerFunctions.gather, on: [doubles([1])]) {
        $0.barrier = .unix(path: "/tmp/there-is-no-such-socket")
      }
    }
    #expect(error?.message.contains("[BARRIER] the other tasks cannot be reached") == true)
  }
}
