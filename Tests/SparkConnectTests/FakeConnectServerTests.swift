import ArrowIPC
import NeedletailTesting
import SparkConnect
import SparkTypes
import Testing

/// The fake server as a user's tests see it.
struct FakeConnectServerTests {
  @Test func answersWithBatches() async throws {
    let server = FakeConnectServer(token: "secret", version: "4.1.0")
    try server.answer(
      with: [try RecordBatch([("id", .numbers([1, 2] as [Int64])), ("t", .strings(["a", "b"]))])])
    let spark = try await SparkSession.connect(try await server.remote)
    let table = spark.table("things")
    let rows = try await table.collect()
    #expect(try rows.map { try $0.get("t", as: String.self) } == ["a", "b"])
    #expect(try await table.schema() == ["id": .long, "t": .string])
    try await spark.conf.set("spark.sql.shuffle.partitions", "3")
    #expect(server.settings["spark.sql.shuffle.partitions"] == "3")
    #expect(server.executionCount == 1)
    server.fail(with: "no such table", condition: "TABLE_OR_VIEW_NOT_FOUND")
    let error = await sparkError { _ = try await table.collect() }
    #expect(error.condition == "TABLE_OR_VIEW_NOT_FOUND" && error.message.contains("no such table"))
    await spark.stop()
    await server.stop()
  }

  @Test func recordsArtifacts() async throws {
    let server = FakeConnectServer()
    let spark = try await SparkSession.connect(try await server.remote)
    try await spark.addArtifact(named: "files/model.bin", .init(repeating: 7, count: 100_000))
    #expect(server.artifacts.map(\.name) == ["files/model.bin"])
    #expect(server.artifacts.map(\.size) == [100_000])
    await spark.stop()
    await server.stop()
  }
}
