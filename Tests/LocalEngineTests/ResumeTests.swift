import ArrowIPC
import FileTables
import Foundation
import ModelKinds
import Models
import SparkConnect
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@testable import LocalEngine

/// Runs that go on where an earlier one broke off.
@Suite(.enabled(if: FileLibrary.isAvailable), .timeLimit(.minutes(2)))
struct ResumeTests {
  /// A folder with a model's file, which no runtime reads.
  private struct Place {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-resume-\(UUID())"
    var model: String { folder + "/stub.onnx" }
    var out: String { folder + "/out" }

    init() throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try write("first", "stub.onnx")
    }

    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: out) } }

    var parts: [String] { get throws { try names.filter { $0.hasPrefix("part-") } } }

    var isComplete: Bool { get throws { try names.contains("_SUCCESS") } }

    /// The rows that are there, by their ids.
    func rows() async throws -> [[ArrowValue]] {
      func id(_ row: [ArrowValue]) -> Int64 { if case .int(let id) = row[0] { id } else { -1 } }
      if try parts.isEmpty { return [] }
      return try await LocalTable.read.parquet(out).rows().map(\.values)
        .sorted { id($0) < id($1) }
    }
  }

  /// 1000 rows in 10 batches, doubled by a model that refuses some.
  private static func table(
    _ place: Place, bad: Set<Int> = [], errors: ErrorPolicy = .fail, rows: RowRelation = .checked,
    asked: Log<Int> = Log(), _ change: (inout PredictionRequest) -> Void = { _ in }
  ) async throws -> LocalTable {
    let batches = try (0..<10).map { batch in
      let rows = (0..<100).map { 100 * batch + $0 }
      return try RecordBatch([
        ("id", .numbers(rows.map { Int64($0) })), ("v", .numbers(rows.map { Float($0) })),
      ])
    }
    let doubling = StubModel.doubling()
    var model = doubling
    model.answer = { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      for number in x.scalars { asked.append(Int(number)) }
      if let found = x.scalars.first(where: { bad.contains(Int($0)) }) {
        throw TensorError("\(Int(found)) is bad")
      }
      return try doubling.answer(inputs)
    }
    var request = PredictionRequest(
      inputs: ["x": "v"], outputs: ["y": "p"], batchSize: 8, rows: rows, errors: errors)
    change(&request)
    return try await LocalTable(batches).predicting(
      .onnx(place.model), loaded: model, request
    ).select("id", "p", errors == .fail ? "v" : "error").running(threads: 3)
  }

  @Test("a run that fails keeps whole rows, and the next one computes the others alone")
  func goesOn() async throws {
    let place = try Place()
    defer { place.remove() }
    let said = await message {
      try await Self.table(place, bad: [433]).write.resume(key: "id", partRows: 50)
        .parquet(place.out)
    }
    #expect(said.contains("433 is bad"), "\(said)")
    let kept = try await place.rows()
    #expect(kept.count < 1000)
    #expect(try !FileManager.default.contentsOfDirectory(atPath: place.out).contains("_SUCCESS"))
    let asked = Log<Int>()
    let table = try await Self.table(place, asked: asked)
    // A trial may have asked for made-up rows.
    let trials = asked.entries.count
    let summary = try await table.write.resume(key: "id", partRows: 50).parquet(place.out)
    #expect(summary.rows == 1000 - kept.count && summary.skipped == kept.count)
    let done = Set(kept.map { row in if case .int(let id) = row[0] { Int(id) } else { -1 } })
    #expect(asked.entries.dropFirst(trials).allSatisfy { !done.contains($0) })
    let rows = try await place.rows()
    #expect(rows.count == 1000)
    for (id, row) in rows.enumerated() {
      #expect(row == [.int(Int64(id)), .float(Double(2 * id)), .float(Double(id))])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.out).contains("_SUCCESS"))
    // Nothing is left to do.
    let again = try await Self.table(place).write.resume(key: "ID").parquet(place.out)
    #expect(again.rows == 0 && again.skipped == 1000)
  }

  @Test("a job that broke off at many places ends as one that nobody disturbed", arguments: 1...4)
  func disturbed(_ number: Int) async throws {
    let (place, calm) = (try Place(), try Place())
    defer {
      place.remove()
      calm.remove()
    }
    try await Self.table(calm).write.parquet(calm.out)
    for attempt in 0..<4 {
      let bad = (number * 7919 + attempt * 271) % 1000
      _ = await message {
        try await Self.table(place, bad: [bad]).write.resume(key: "id", partRows: 20 * number)
          .parquet(place.out)
      }
      // As a process leaves it that is killed: a part that is not whole, and nothing of it counts.
      let staging = place.folder + "/out/_temporary-killed"
      try FileManager.default.createDirectory(
        atPath: staging, withIntermediateDirectories: true)
      try place.write("PAR1", "out/_temporary-killed/part-0.parquet")
      let asked = Log<Int>()
      let table = try await Self.table(place, asked: asked)
      let job = Task {
        try await table.write.resume(key: "id", partRows: 20 * number).parquet(place.out)
      }
      while asked.entries.count < 100 * attempt, try !place.isComplete {
        try await Task.sleep(for: .milliseconds(1))
      }
      job.cancel()
      _ = try? await job.value
      #expect(try !place.names.contains { $0.hasPrefix("_temporary") })
    }
    try await Self.table(place).write.resume(key: "id").parquet(place.out)
    #expect(try await place.rows() == calm.rows())
  }

  @Test("rows with an error are done again, and keep their numbers in messages")
  func errors() async throws {
    let place = try Place()
    defer { place.remove() }
    let policy = ErrorPolicy.column()
    let first = try await Self.table(place, bad: [7, 500, 501], errors: policy).write
      .resume(key: "id", partRows: 100).parquet(place.out)
    #expect(first.failures.count == 3 && first.redone == 0)
    let second = try await Self.table(place, bad: [501], errors: policy).write
      .resume(key: "id").parquet(place.out)
    #expect(second.rows == 3 && second.redone == 3 && second.skipped == 997)
    #expect(second.failures.groups.first?.example.contains("row 501 of the table") == true)
    let rows = try await place.rows()
    #expect(rows.count == 1000)
    #expect(rows.indices.filter { rows[$0][2] != .null } == [501])
    #expect(rows[500][1] == .float(1000) && rows[501][1] == .null)
  }

  @Test("the columns say what they come from")
  func lineage() async throws {
    let place = try Place()
    defer { place.remove() }
    try await Self.table(place).write.resume(key: "id").parquet(place.out)
    let schema = try LocalTable.read.parquet(place.out).schema
    #expect(schema["id"]?.metadata == nil)
    let metadata = try #require(schema["p"]?.metadata)
    #expect(metadata.contains("\"model\":\"\(place.model)\""), "\(metadata)")
    #expect(metadata.contains("\"version\":\"\(PackageVersion.text)\""))
    #expect(metadata.contains("\"map x\":\"v\""))
    let note = try String(contentsOfFile: place.out + "/_needletail/job.json", encoding: .utf8)
    // Of the text "first".
    #expect(note.contains("a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"))
  }

  @Test("another model, another question and other keys are refused, unless it begins anew")
  func refusals() async throws {
    let place = try Place()
    defer { place.remove() }
    let table = try await Self.table(place)
    try await table.write.resume(key: "id").parquet(place.out)
    func said(
      _ table: LocalTable, _ key: String = "id",
      _ change: (LocalTableWriter) -> LocalTableWriter = { $0 }
    ) async -> String {
      await message { try await change(table.write.resume(key: key)).parquet(place.out) }
    }
    let padded = try await Self.table(place) { $0.ragged = .pad() }
    for (text, expected) in [
      (await said(padded), "was begun with on-ragged none, and now it is"),
      (await said(table, "v"), "the key 'v' is float"),
      (await said(table, "p"), "the key 'p' is computed"),
      (await said(table, "x"), "has no column 'x'"),
      (await said(table.drop("v")), "was begun with other columns:"),
      (await said(table) { $0.mode(.append) }, "leave out the mode append"),
      (
        await said(try await Self.table(place) { $0.errors = .null }),
        "does not tell which ones did"
      ),
      (await said(try await Self.table(place, rows: .dependent)), "depend on each other"),
    ] {
      #expect(text.contains(expected), "\(text)")
    }
    try place.write("second", "stub.onnx")
    let other = await said(try await Self.table(place))
    #expect(other.contains("was begun with another model:"), "\(other)")
    #expect(try await place.rows().count == 1000)
    let anew = try await Self.table(place).limit(5).write.resume(key: "id", restarting: true)
      .parquet(place.out)
    #expect(anew.rows == 5 && anew.skipped == 0)
    #expect(try await place.rows().count == 5)
    // What nobody noted anything of.
    try FileManager.default.removeItem(atPath: place.out + "/_needletail")
    let strange = await said(try await Self.table(place))
    #expect(strange.contains("nothing says what computed them"), "\(strange)")
  }
}
