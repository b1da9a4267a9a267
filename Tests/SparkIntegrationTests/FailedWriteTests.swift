import Foundation
import SparkConnect
import Testing

/// A write that failed can be repeated, and nothing of anybody's is added to.
@Suite(.serialized)
struct FailedWriteTests {
  @Test("a write is repeated after it failed", arguments: ["parquet", "csv", "json", "orc"])
  func repeated(format: String) async throws {
    try await withSpark { spark, folder in
      let path = "\(folder)/out"
      let failing = spark.range(0, 10, partitions: 2)
        .select(expr("if(id = 7, raise_error('row seven is bad'), id)").cast("bigint").as("id"))
      for _ in 0..<2 {
        let failure = await sparkError { try await failing.write.format(format).save(path) }
        #expect(failure.message.contains("row seven is bad"))
        #expect(FileManager.default.fileExists(atPath: path), "Spark leaves no folder any more")
      }
      let table = spark.range(0, 10, partitions: 2)
      try await table.write.format(format).save(path)
      let back = spark.read.format(format).schema("id bigint").load(path)
      #expect(try await back.count() == 10)
      let again = await sparkError { try await table.write.format(format).save(path) }
      #expect(again.condition == "PATH_ALREADY_EXISTS")
      #expect(try await back.count() == 10)
    }
  }

  @Test(
    "a folder that is somebody's is left alone",
    arguments: ["data.txt", "_SUCCESS", "_temporary/0/part", "a=1/b=2/part-0.csv", "_delta_log/0"])
  func foreign(entry: String) async throws {
    try await withSpark { spark, folder in
      let path = "\(folder)/out"
      let file = URL(filePath: "\(path)/\(entry)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("x".utf8).write(to: file)
      let failure = await sparkError { try await spark.range(3).write.csv(path) }
      #expect(failure.condition == "PATH_ALREADY_EXISTS")
      let entries = try FileManager.default.contentsOfDirectory(atPath: path)
      #expect(entries == [String(entry.prefix { $0 != "/" })])
    }
  }

  @Test("a file in the way of a folder is an error")
  func file() async throws {
    try await withSpark { spark, folder in
      let path = "\(folder)/out"
      try Data("x".utf8).write(to: URL(filePath: path))
      let failure = await sparkError { try await spark.range(3).write.json(path) }
      #expect(failure.condition == "PATH_ALREADY_EXISTS")
    }
  }
}
