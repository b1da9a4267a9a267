import ArrowIPC
import Foundation
import Models
import SparkFunctions
import Synchronization
import Testing

@testable import LocalEngine

/// The engine over sources and sinks of the tests' own.
@Suite(.timeLimit(.minutes(2)))
struct EngineTests {
  private func settings(
    _ threads: Int, unitRows: Int = 10, leastRows: Int = 1, limit: Int? = nil,
    budget: Int = 64 << 20
  ) -> EngineRun.Settings {
    var settings = EngineRun.Settings()
    settings.threads = threads
    settings.unitRows = unitRows
    settings.leastRows = leastRows
    settings.limit = limit
    settings.budget = budget
    return settings
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var splits: [[Int]]
    /// Milliseconds before each batch of a split.
    var delays: [Int: Int] = [:]
    var unitRows = 10
    var leastRows = 1
    var budget = 64 << 20
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "no split", splits: []),
    Case(name: "one row", splits: [[1]]),
    Case(name: "one split of many batches", splits: [Array(repeating: 7, count: 60)]),
    Case(name: "a batch of many units", splits: [[1001]]),
    Case(name: "small batches put together", splits: [[1, 2, 3, 1, 1, 9, 4]], leastRows: 5),
    Case(name: "many splits", splits: (0..<40).map { Array(repeating: 3, count: $0 % 5) }),
    Case(name: "splits without rows", splits: [[], [4], [], [0, 3], []]),
    Case(
      name: "a slow first split", splits: Array(repeating: [5, 5, 5], count: 12), delays: [0: 15]),
    Case(
      name: "a slow first split and no room",
      splits: Array(repeating: [5, 5, 5], count: 12), delays: [0: 15], budget: 1),
    Case(name: "no room at all", splits: Array(repeating: [8, 8], count: 20), budget: 0),
  ]

  @Test("rows keep their order, whatever the threads and the parts", arguments: cases)
  func order(_ item: Case) async throws {
    for threads in [1, 2, 5] {
      for isFolder in [false, true] {
        let source = NumberedSource(item.splits)
        source.delays = item.delays
        let sink = RecordingSink(isFolder: isFolder)
        let summary = try await EngineRun(
          source, to: sink,
          settings: settings(
            threads, unitRows: item.unitRows, leastRows: item.leastRows, budget: item.budget)
        ).run()
        let name = "\(item.name), \(threads) threads, folder: \(isFolder)"
        #expect(sink.rows == Array(0..<source.rowCount), "\(name)")
        #expect(summary.rows == source.rowCount, "\(name)")
        #expect(sink.now.commits == 1 && sink.now.aborts == 0, "\(name)")
        #expect(!sink.now.isMixed, "\(name): two threads wrote a part at a time")
        #expect(Set(sink.now.closed) == Set(sink.now.parts.keys), "\(name)")
        // A table without rows has its columns still.
        #expect(sink.now.parts[0] != nil, "\(name)")
      }
    }
  }

  @Test("what waits to be written is bounded")
  func bounded() async throws {
    let source = NumberedSource(Array(repeating: Array(repeating: 100, count: 10), count: 20))
    let written = Mutex(0)
    let computed = Mutex(0)
    let most = Mutex(0)
    let sink = RecordingSink(delay: 2) { count in written.withLock { $0 += count } }
    let threads = 4
    _ = try await EngineRun(
      source, to: sink, settings: settings(threads, unitRows: 100, budget: 800 * 5)
    ) { batch, _ in
      let ahead = computed.withLock { count in
        count += batch.rowCount
        return count - written.withLock { $0 }
      }
      most.withLock { $0 = max($0, ahead) }
      return batch
    }.run()
    // The budget holds five units; a thread may have one beside, and one may be at its end.
    #expect(most.withLock { $0 } <= (5 + 2 * threads) * 100)
    #expect(sink.rows.count == 20_000)
  }

  @Test("all threads compute the rows of a single split")
  func sharing() async throws {
    let source = NumberedSource([Array(repeating: 10, count: 12)])
    let now = Mutex(0)
    let most = Mutex(0)
    _ = try await EngineRun(source, to: RecordingSink(), settings: settings(4)) { batch, _ in
      let count = now.withLock { count in
        count += 1
        return count
      }
      most.withLock { $0 = max($0, count) }
      Pause.milliseconds(20)
      now.withLock { $0 -= 1 }
      return batch
    }.run()
    #expect(most.withLock { $0 } >= 3)
  }

  @Test("with a limit no more is read than it takes, and the first rows count")
  func limits() async throws {
    for (limit, batches) in [(0, 0), (1, 1), (10, 1), (11, 2), (35, 4), (1000, 9)] {
      let source = NumberedSource(Array(repeating: [10, 10, 10], count: 3))
      let sink = RecordingSink()
      let summary = try await EngineRun(source, to: sink, settings: settings(4, limit: limit))
        .run()
      #expect(sink.rows == Array(0..<min(limit, 90)), "\(limit)")
      #expect(source.taken.count == batches, "\(limit)")
      #expect(summary.rows == min(limit, 90), "\(limit)")
    }
  }

  @Test(
    "the first error ends everything, and nothing is left",
    arguments: ["open", "read", "compute", "rows", "part", "write", "close", "commit"])
  func failures(_ place: String) async throws {
    for threads in [1, 3] {
      let source = NumberedSource(Array(repeating: [5, 5], count: 6))
      switch place {
      case "open": source.failure = (3, -1)
      case "read": source.failure = (3, 1)
      default: break
      }
      let sink = RecordingSink(failure: place)
      let said = await message {
        _ = try await EngineRun(source, to: sink, settings: settings(threads)) { batch, worker in
          if worker.partition == 3 {
            if place == "compute" { throw InferenceError(.prediction, "no luck") }
            if place == "rows" { return batch.slice(0..<1) }
          }
          return batch
        }.run()
      }
      let wanted: String =
        switch place {
        case "open": "opening 3"
        case "read": "reading 3"
        case "compute": "[PREDICTION] no luck (file 3)"
        case "rows":
          "[INVALID_OUTPUT] 1 rows were given for 5 rows of input; a function must give exactly one row "
            + "for each row that it takes, in the same order"
        default: place
        }
      #expect(said == wanted, "\(place), \(threads) threads")
      #expect(sink.now.commits == 0 && sink.now.aborts == 1, "\(place), \(threads) threads")
    }
  }

  private struct Held {
    weak var source: NumberedSource?
    weak var sink: RecordingSink?
  }

  /// What a run that has ended still holds.
  private func held(_ settings: EngineRun.Settings) async throws -> Held {
    let source = NumberedSource([[10, 10], [10]])
    let sink = RecordingSink()
    _ = try await EngineRun(source, to: sink, settings: settings).run()
    return Held(source: source, sink: sink)
  }

  @Test("threads hold nothing of a run that has ended", arguments: [nil, 15] as [Int?])
  func release(_ limit: Int?) async throws {
    for _ in 0..<200 {
      let held = try await held(settings(3, limit: limit))
      #expect(held.source == nil && held.sink == nil)
    }
  }

  @Test("messages number rows within their split")
  func numbering() async throws {
    let source = NumberedSource([[4], [6, 6]])
    let origins = Log<String>()
    _ = try await EngineRun(source, to: RecordingSink(), settings: settings(1)) { batch, worker in
      origins.append("\(worker.partition): \(worker.rows.first) of \(worker.rows.whole)")
      return batch
    }.run()
    #expect(origins.entries == ["0: 0 of split 0", "1: 0 of split 1", "1: 6 of split 1"])
  }

  @Test(
    "a cancelled run ends within a second, whatever its threads are doing",
    arguments: ["reading", "computing", "writing"])
  func cancellation(_ doing: String) async throws {
    let source = NumberedSource(Array(repeating: Array(repeating: 5, count: 400), count: 6))
    source.hangs = doing == "reading"
    let sink = RecordingSink(delay: doing == "writing" ? 3000 : 0)
    let begun = Mutex(false)
    let work = Task { [settings = settings(3)] in
      try await EngineRun(source, to: sink, settings: settings) { batch, _ in
        begun.withLock { $0 = true }
        // A model in the middle of a batch hears nothing.
        if doing == "computing" { Pause.milliseconds(3000) }
        return batch
      }.run()
    }
    try await Task.sleep(for: .milliseconds(100))
    let start = ContinuousClock.now
    work.cancel()
    let said = await message { _ = try await work.value }
    #expect(ContinuousClock.now - start < .seconds(1), "\(doing)")
    #expect(said == "CancellationError()", "\(doing)")
    #expect(sink.now.commits == 0, "\(doing)")
    if doing == "writing" {
      // The thread that was writing cleans up.
      for _ in 0..<100 where sink.now.aborts == 0 { try await Task.sleep(for: .milliseconds(50)) }
    }
    #expect(sink.now.aborts == 1, "\(doing)")
    #expect(begun.withLock { $0 } == (doing != "reading"), "\(doing)")
  }

  @Test("progress comes in order and ends below or at the whole")
  func progress() async throws {
    let source = NumberedSource(Array(repeating: Array(repeating: 5, count: 20), count: 4))
    source.delays = [0: 5, 1: 5, 2: 5, 3: 5]
    let told = Log<LocalProgress>()
    var settings = settings(2)
    settings.onProgress = { told.append($0) }
    _ = try await EngineRun(source, to: RecordingSink(), settings: settings).run()
    let rows = told.entries.map(\.rows)
    #expect(rows == rows.sorted() && !rows.isEmpty)
    #expect(told.entries.allSatisfy { $0.totalRows == 400 && ($0.share ?? 2) <= 1 })
    #expect(told.entries.allSatisfy { ($0.secondsLeft ?? -1) >= 0 })
  }

  @Test("small columns are copied out of large batches that would stay in memory for them")
  func heldMemory() throws {
    let rows = 100
    let ids = ArrowColumn.numbers((0..<rows).map { Int64($0) })
    let pixels = ArrowColumn.lists(
      of: .numbers((0..<rows * 64).map { Float($0) }), rows: rows, width: 64)
    let input = try RecordBatch([("id", ids), ("pixels", pixels)])
    let small = try RecordBatch([("id", ids)])
    let (reduced, bytes) = HeldMemory.reduced(small, from: input)
    #expect(bytes == 800)
    #expect(reduced.columns[0].values == ids.values)
    #expect(reduced.columns[0].buffers[0].storage !== ids.buffers[0].storage)
    // What is most of the batch stays where it is.
    let (same, all) = HeldMemory.reduced(input, from: input)
    #expect(
      same.columns[1].children[0].buffers[0].storage === pixels.children[0].buffers[0].storage)
    #expect(all == 800 + 100 * 4 + 6400 * 4)
  }
}
