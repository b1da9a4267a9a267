import Foundation
import Needletail
import Testing

/// Sessions that a real server loses, and what needs a server of its own.
@Suite(.serialized)
struct SessionLossTests {
  private static func start(port: String, _ more: [String: String] = [:]) async throws -> LocalSpark
  {
    try await LocalSpark.start(
      .init(
        master: "local[1]", driverMemory: "2g",
        configuration: [
          "spark.connect.grpc.binding.port": port, "spark.connect.authenticate.token": "same",
        ].merging(more) { _, new in new }))
  }

  @Test("a great value comes; a server that is started again, and a session that expires, are told")
  func restartAndExpiry() async throws {
    let first = try await Self.start(port: "0")
    let port = try ConnectionString(first.remote).port
    let remote = "sc://localhost:\(port)/;token=same"
    let session: SparkSession
    do {
      session = try await SparkSession.connect(remote)
      try await session.conf.set("spark.sql.shuffle.partitions", "3")
      #expect(session.serverSideID != nil)
      try await collectGreatValue(session)
    } catch {
      first.stop()
      throw error
    }
    first.stop()

    let second = try await Self.start(
      port: "\(port)",
      [
        "spark.connect.session.manager.defaultSessionTimeout": "20s",
        "spark.connect.session.manager.maintenanceInterval": "1s",
      ])
    defer { second.stop() }
    for _ in 0..<2 {
      let lost = await sparkError {
        _ = try await session.conf.get("spark.sql.shuffle.partitions")
      }
      #expect(lost.kind == .session && lost.message.contains("was started again"), "\(lost)")
      let query = await sparkError { _ = try await session.range(3).count() }
      #expect(query.kind == .session, "\(query)")
    }
    await session.stop()

    let again = try await SparkSession.connect(remote)
    try await again.conf.set("spark.sql.shuffle.partitions", "3")
    #expect(try await again.range(3).count() == 3)
    let empty = try await SparkSession.connect(remote)
    let name = empty.id
    try await Task.sleep(for: .seconds(30))
    // Nothing was in it, so nothing is lost: it is opened again by itself.
    #expect(try await empty.range(3).count() == 3)
    #expect(empty.id != name)
    await empty.stop()
    let expired = await sparkError { _ = try await again.range(3).count() }
    #expect(expired.kind == .session && expired.message.contains("has expired"), "\(expired)")
    #expect(expired.message.contains("defaultSessionTimeout"))
    await again.stop()
  }

  /// A value above the limit of a message comes in pieces; it needs more memory than the other tests'
  /// server has.
  private func collectGreatValue(_ spark: SparkSession) async throws {
    let table = try await spark.sql("select repeat('x', 157286400) s")
    if spark.majorMinorVersion >= (4, 1) {
      guard case .string(let text)? = try await table.collect().first?[0] else {
        Issue.record("no text")
        return
      }
      #expect(text.utf8.count == 157_286_400)
    } else {
      let error = await sparkError { _ = try await table.collect() }
      #expect(error.kind == .result && error.message.contains("substring"), "\(error)")
    }
  }
}
