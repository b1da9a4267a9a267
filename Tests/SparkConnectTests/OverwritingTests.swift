import NeedletailTesting
import SparkConnectProtocol
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
