import FileTables
import Foundation
import SparkConnect
import SparkTypes
import Testing

@testable import SparkScan

/// What is decided before a job starts.
struct PlanningTests {
  @Test("files are cut and packed as Spark does")
  func tasks() {
    let files: [SplitPlanning.File] = [("a", 10, 0), ("b", 100, 0), ("c", 30, 0), ("d", 10, 0)]
    let planning = SplitPlanning(maxPartitionBytes: 40, openCostInBytes: 4, parallelism: 1)
    func text(_ tasks: [[FileSplit]]) -> [String] {
      tasks.map { $0.map { "\($0.location)\($0.start)+\($0.size)" }.joined(separator: " ") }
    }
    #expect(
      text(planning.tasks(files, isCut: { _ in true })) == [
        "b0+40", "b40+40", "c0+30", "b80+20 a0+10", "d0+10",
      ])
    #expect(
      text(planning.tasks(files, isCut: { $0 != 1 })) == ["b0+100", "c0+30", "a0+10 d0+10"])
    // More readers get smaller parts, which are no smaller than opening a file costs.
    let many = SplitPlanning(maxPartitionBytes: 40, openCostInBytes: 4, parallelism: 16)
    #expect(many.tasks(files, isCut: { _ in true }).count == 15)
    #expect(planning.tasks([], isCut: { _ in true }).isEmpty)
  }

  @Test(
    "why files are left to Spark",
    arguments: [
      (FileRead(format: nil, paths: ["t"]), ScanChoice.automatic, [:], nil),
      (
        FileRead(format: "Parquet", options: ["mergeSchema": "true"], paths: ["t"]), .automatic,
        [:],
        nil
      ),
      (FileRead(format: "delta", paths: ["t"]), .native, [:], "the format delta"),
      (FileRead(format: "csv", paths: ["t"]), .automatic, [:], "scan: native"),
      (FileRead(format: "csv", options: ["header": "true"], paths: ["t"]), .native, [:], nil),
      (
        FileRead(format: nil, paths: ["t"]), .automatic, ["spark.sql.sources.default": "orc"],
        "the format orc"
      ),
      (
        FileRead(format: nil, options: ["int96RebaseMode": "LEGACY"], paths: ["t"]), .native, [:],
        "int96RebaseMode"
      ),
      (
        FileRead(format: nil, paths: ["t"]), .native, ["spark.sql.caseSensitive": "true"],
        "spark.sql.caseSensitive=true"
      ),
      (
        FileRead(format: nil, paths: ["t"]), .automatic,
        ["spark.sql.parquet.datetimeRebaseModeInRead": "LEGACY"], "datetimeRebaseModeInRead"
      ),
      (
        FileRead(format: nil, paths: ["t"]), .automatic,
        ["spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED"], nil
      ),
    ] as [(FileRead, ScanChoice, [String: String], String?)])
  func refusals(read: FileRead, choice: ScanChoice, settings: [String: String], reason: String?) {
    let refusal = NativeScanPlanner.refusal(read, choice, ReadingSettings(settings))
    guard let reason else {
      #expect(refusal == nil)
      return
    }
    #expect(refusal?.reason.contains(reason) == true, "\(refusal?.reason ?? "none")")
  }

  @Test("settings of Spark")
  func settings() {
    let given = ReadingSettings([
      "spark.sql.files.maxPartitionBytes": "134217728b", "spark.sql.files.openCostInBytes": "2m",
      "spark.master": "local[3,4]", "spark.sql.session.timeZone": "Asia/Tokyo",
    ])
    #expect(given.maxPartitionBytes == 128 << 20)
    #expect(given.openCostInBytes == 2 << 20)
    #expect(given.parallelism == 3)
    #expect(given.timeZone == "Asia/Tokyo")
    #expect(ReadingSettings(["spark.default.parallelism": "7"]).parallelism == 7)
  }

  @Test(
    "paths of Hadoop as the plug-in takes them",
    arguments: [
      ("file:/a b/k=1", "/a b/k=1"), ("file:///a", "/a"), ("s3a://b/k", "s3://b/k"),
      ("hdfs://n/x", "hdfs://n/x"),
    ])
  func locations(path: String, location: String) {
    #expect(ScanListing.location(path) == location)
  }

  @Test("small tables of this machine are seen without a server")
  func sizes() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder + "/k=1", withIntermediateDirectories: true)
    for name in ["a", "k=1/b"] { try Data(count: 60).write(to: URL(filePath: "\(folder)/\(name)")) }
    #expect(LocalSize.isBelow(200, ["file:" + folder]))
    #expect(!LocalSize.isBelow(100, [folder]))
    #expect(LocalSize.isBelow(100, [folder + "/k=*"]))
    #expect(!LocalSize.isBelow(200, [folder, "s3a://bucket/key"]))
    #expect(!LocalSize.isBelow(200, [folder + "/none"]))
  }
}
