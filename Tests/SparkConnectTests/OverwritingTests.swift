import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// Files that are read and overwritten by one query.
struct OverwritingTests {
  @Test(
    "overwriting what the table is read from is refused",
    arguments: [
      ("data", "data"), ("data/", "./data"), ("/data/a", "/data"), ("/data", "/data/new"),
      ("file:///data", "file:/data/"), ("/data", "file:/data"),
      ("s3://b/data/*.parquet", "s3a://b/data"),
      ("s3a://b/{x,data}/y", "s3a://b/data"), ("/d?ta/[ab]", "/data/a"), ("hdfs://h/data", "/data"),
    ])
  func refused(input: String, output: String) async throws {
    try await withSession { session, server in
      let read = session.read.parquet("elsewhere").join(
        session.read.format("csv").load(input).limit(3), on: ["id"])
      let error = await sparkError { try await read.write.mode(.overwrite).parquet(output) }
      #expect(error.kind == .invalidArgument && error.message.contains("'\(input)'"))
      #expect(server.log.executions.isEmpty)
    }
  }

  @Test("a plan tells the files of queries within expressions")
  func subqueries() async throws {
    try await withSession { session, server in
      server.state.withLock {
        $0.inputFiles = ["file:///other/part-0.parquet"]
        $0.explanation = """
          == Physical Plan ==
          (1) Scan parquet\u{20}
          Location: InMemoryFileIndex [file:/other]
          ===== Subqueries =====
          (5) Scan parquet\u{20}
          Location: InMemoryFileIndex [file:/some data, ... 2 entries]
          """
      }
      let query = DataFrame(session: session, relation: .with { $0.sql.query = "SELECT 1" })
      let error = await sparkError {
        try await query.write.mode(.overwrite).parquet("/some data/")
      }
      #expect(error.message.contains("'file:/some data'"), "\(error)")
      #expect(server.log.executions.isEmpty)
      try await query.write.mode(.overwrite).parquet("/third")
      #expect(server.log.executions.count == 1)
    }
  }

  @Test("the server is asked for the files of queries in SQL and of tables")
  func byName() async throws {
    try await withSession { session, server in
      server.state.withLock { $0.inputFiles = ["file:///some%20data/part-0.parquet"] }
      let query = DataFrame(session: session, relation: .with { $0.sql.query = "SELECT 1" })
      for table in [session.table("t").filter("a > 1"), query.crossJoin(session.range(3))] {
        let error = await sparkError {
          try await table.write.mode(.overwrite).parquet("/some data")
        }
        #expect(error.message.contains("'file:///some data/part-0.parquet'"))
        #expect(server.log.executions.isEmpty)
      }
      // A query of files alone is known without the server.
      try await session.read.parquet("/b").write.mode(.overwrite).parquet("/some data")
      try await session.table("t").write.mode(.overwrite).parquet("/other")
      #expect(server.log.executions.count == 2)
    }
  }

  @Test(
    "other writes are not",
    arguments: [
      ("data", "data2"), ("/data/a", "/data/b"), ("s3a://b/data", "s3a://c/data"),
      ("/data/*.csv", "/data/x"),
      ("/data/[bc]", "/data/a"), ("s3a://b/data", "hdfs://b/data"),
    ])
  func written(input: String, output: String) async throws {
    try await withSession { session, server in
      let read = session.read.parquet(input)
      try await read.write.mode(.overwrite).parquet(output)
      try await read.write.mode(.append).parquet(input)
      try await read.write.mode(.overwrite).format("delta").save(input)
      try await read.write.mode(.overwrite).partitionBy("a")
        .option("partitionOverwriteMode", "dynamic").parquet(input)
      #expect(server.log.executions.count == 4)
    }
  }
}
