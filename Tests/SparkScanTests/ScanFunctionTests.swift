import ArrowIPC
import FileTables
import Foundation
import SparkConnect
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@testable import SparkScan

/// Files that a worker reads for functions.
@Suite(.enabled(if: FileLibrary.isAvailable, "needs the plug-in: scripts/build-files-plugin"))
struct ScanFunctionTests {
  private static let doubled = PredictBatchUDF("doubled", returning: .double, batchSize: 3) { _ in
    return { (x: Tensor<Double>) -> Tensor<Double> in x.map { $0 * 2 } }
  }

  private static let same = MapBatchesFunction("same", returning: ["x": .double, "k": .string]) {
    batches in batches
  }

  /// Three files of some rows of `id` and `x`, the last of which has no `x`.
  private final class Files {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    var parts: [[ScanPart]] = []

    init(rows: [Int] = [2, 5, 1]) throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let store = try FileStore.open(folder).store
      for (file, count) in rows.enumerated() {
        let path = "\(folder)/\(file).parquet"
        let ids = (0..<count).map { Int64(10 * file + $0) }
        var columns: [(name: String, column: ArrowColumn)] = [("id", .numbers(ids))]
        if file < 2 { columns.append(("x", .numbers(ids.map { Double($0) / 2 }))) }
        let batch = try RecordBatch(columns)
        let writer = try TableWriter(
          store, path, .parquet, schema: batch.schema, options: TableWriting())
        try writer.write(batch)
        _ = try writer.close()
        let entry = try #require(try store.info(path))
        let split = FileSplit(
          location: path, length: entry.length,
          // Spark tells milliseconds.
          modified: entry.modified / 1_000_000 * 1_000_000, start: 0, size: entry.length, file: file
        )
        parts.append([ScanPart(split: split, values: [.string("k\(file)")])])
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }
  }

  private static func column(_ name: String, _ type: DataType) -> ScanPlan.Column {
    ScanPlan.Column(name: name, file: name, type: type)
  }

  private static func plan(
    _ parts: [[ScanPart]], _ function: any UserDefinedFunction,
    arguments: [BatchModelPrediction.Argument]? = [.init(name: "x", path: [0])],
    columns: [ScanPlan.Column]? = nil, passed: [Int] = [1, 2, 3]
  ) -> ScanPlan {
    ScanPlan(
      format: .parquet, options: ["timeZone": "UTC"],
      schema: ["id": .long, "x": .double, "k": .string], partitions: ["k"],
      columns: columns ?? [
        column("x", .double), column("k", .string), column("id", .long),
        ScanPlan.Column(name: "one", type: .integer, value: .int(1)),
      ],
      call: ScanPlan.Call(
        function: function.name, id: function.name, argumentNames: ["x"], parameters: "{}",
        arguments: arguments, result: "p", passed: passed),
      parts: .here(parts))
  }

  private static func run(_ plan: ScanPlan, tasks: [Int64]) async throws -> [[ArrowValue]] {
    let function = ScanFunction(try FunctionRegistry([doubled, same]))
    let output = try await function.evaluate(
      BatchList([try RecordBatch([("id", .numbers(tasks))])]),
      invocation: try FunctionInvocation(
        function: function, fingerprint: "test", parameters: plan),
      worker: WorkerContext(models: ModelCache(capacity: 2)))
    var rows: [[ArrowValue]] = []
    while let batch = try await output.next() {
      rows += (0..<batch.rowCount).map { row in batch.columns.map { $0.value(at: row) } }
    }
    return rows
  }

  @Test("a function of columns, over the parts of several tasks")
  func columns() async throws {
    let files = try Files()
    let rows = try await Self.run(Self.plan(files.parts, Self.doubled), tasks: [1, 0])
    #expect(rows.map { $0[2] } == Array(repeating: .int(1), count: 7))
    #expect(rows.map { $0[1] } == [10, 11, 12, 13, 14, 0, 1].map { .int($0) })
    #expect(rows.map { $0[0] } == [1, 1, 1, 1, 1, 0, 0].map { .string("k\($0)") })
    #expect(rows.map { $0[3] } == [10, 11, 12, 13, 14, 0, 1].map { .float(Double($0)) })
  }

  @Test("a function of batches, a missing column, and a task without parts")
  func batches() async throws {
    let files = try Files()
    let columns = [Self.column("x", .double), Self.column("k", .string)]
    let plan = Self.plan(
      files.parts + [[]], Self.same, arguments: nil, columns: columns, passed: [])
    #expect(try await Self.run(plan, tasks: [2]) == [[.null, .string("k2")]])
    let none = try await Self.run(plan, tasks: [3])
    #expect(none.isEmpty)
  }

  @Test("errors name the file, and the row in it")
  func errors() async throws {
    let files = try Files()
    let plan = Self.plan(files.parts, Self.doubled)
    let null = await message { _ = try await Self.run(plan, tasks: [2]) }
    #expect(null.contains("2.parquet"), "\(null)")
    let path = files.parts[0][0].split.location
    try Data(contentsOf: URL(filePath: files.parts[1][0].split.location))
      .write(to: URL(filePath: path))
    let changed = await message { _ = try await Self.run(plan, tasks: [0]) }
    #expect(changed.contains("FILE_CHANGED") && changed.contains(path), "\(changed)")
    let number = await message { _ = try await Self.run(plan, tasks: [9]) }
    #expect(number.contains("no task of this number"), "\(number)")
  }

  @Test("the parts of a text file have each row once; messages tell where rows are counted from")
  func lines() async throws {
    let files = try Files(rows: [])
    let path = files.folder + "/t.csv"
    let lines = (0..<9).map { "\($0),\(Double($0) / 2)\n" }
    func plan(_ text: String) throws -> ScanPlan {
      try Data(text.utf8).write(to: URL(filePath: path))
      let entry = try #require(try FileStore.open(path).store.info(path))
      let options = ["header": "true", "timeZone": "UTC"]
      let cutting = FileCutting(.csv, options: options)
      let splits = SplitPlanning(maxPartitionBytes: 12, openCostInBytes: 1, parallelism: 1)
        .splits([(path, entry.length, entry.modified)], isCut: { _ in cutting.allows(path) })
      #expect(splits.count == 5)
      var plan = Self.plan(
        splits.map { [ScanPart(split: $0, values: [.string("k")])] }, Self.doubled)
      plan.format = .csv
      plan.options = options
      return plan
    }
    let good = try plan("id,x\n" + lines.joined())
    let expected = (0..<9).map { ArrowValue.int($0) }
    let together = try await Self.run(good, tasks: [0, 1, 2, 3, 4])
    #expect(together.map { $0[1] } == expected)
    #expect(together.map { $0[3] } == (0..<9).map { .float(Double($0)) })
    var alone: [[ArrowValue]] = []
    for task in 0..<5 { alone += try await Self.run(good, tasks: [Int64(task)]) }
    #expect(alone == together)
    // The byte is that of the first line of the task's part.
    let bad = try plan("id,x\n" + lines.dropLast().joined() + "8,\n\n\n")
    let null = await message { _ = try await Self.run(bad, tasks: [4]) }
    #expect(null.contains("(file \(path), rows counted from its byte 53)"), "\(null)")
    #expect(files.parts.isEmpty)
  }

  @Test("a long list of parts comes as a file")
  func list() async throws {
    let files = try Files()
    var plan = Self.plan(files.parts, Self.doubled)
    let path = files.folder + "/parts.json"
    try JSONEncoder().encode(files.parts).write(to: URL(filePath: path))
    plan.parts = .file(path)
    let rows = try await Self.run(plan, tasks: [0])
    #expect(rows.count == 2)
  }

  private func message(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return "nothing was thrown"
    } catch {
      return "\(error)"
    }
  }
}
