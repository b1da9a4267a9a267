import ArrowIPC
import Foundation
import Models
import SparkFunctions
import Synchronization
import Tensors

@testable import LocalEngine

/// Rows with the numbers from 0 up in splits of given sizes. Tests set it up before they give it away.
final class NumberedSource: EngineSource, @unchecked Sendable {
  /// What each split has: batches of so many rows.
  let splits: [[Int]]
  /// Waits before each batch of a split, in milliseconds.
  var delays: [Int: Int] = [:]
  /// Throws before this batch of this split.
  var failure: (split: Int, batch: Int)?
  /// Waits before each batch until it is cancelled.
  var hangs = false
  private let log = Mutex<[Int]>([])
  private let cancelled = Mutex(false)

  init(_ splits: [[Int]]) { self.splits = splits }

  /// The splits whose batches were taken, in the order of time.
  var taken: [Int] { log.withLock { $0 } }
  var rowCount: Int { splits.joined().reduce(0, +) }

  var splitCount: Int { splits.count }
  var rows: Int? { rowCount }
  func bytes(of split: Int) -> Int64 { Int64(splits[split].reduce(0, +) * 8) }

  func open(_ split: Int, batchRows: Int) async throws -> any EngineBatches {
    if failure?.split == split, failure?.batch == -1 { throw TestFailure("opening \(split)") }
    return Batches(self, split)
  }

  private final class Batches: EngineBatches, @unchecked Sendable {
    private let source: NumberedSource
    private let split: Int
    private var batch = 0
    private var row: Int

    init(_ source: NumberedSource, _ split: Int) {
      self.source = source
      self.split = split
      row = source.splits[..<split].joined().reduce(0, +)
    }

    var origin: RowOrigin { RowOrigin(whole: "split \(split)") }
    var place: String? { "file \(split)" }

    func next() async throws -> RecordBatch? {
      if source.failure?.split == split, source.failure?.batch == batch {
        throw TestFailure("reading \(split)")
      }
      while source.hangs, !source.cancelled.withLock({ $0 }) { Pause.milliseconds(5) }
      if let delay = source.delays[split] { Pause.milliseconds(delay) }
      guard batch < source.splits[split].count else { return nil }
      source.log.withLock { $0.append(split) }
      let count = source.splits[split][batch]
      defer {
        batch += 1
        row += count
      }
      return try numbers(row..<row + count)
    }

    func cancel() { source.cancelled.withLock { $0 = true } }
  }
}

/// Remembers the rows of its parts.
final class RecordingSink: EngineSink {
  struct State {
    var parts: [Int: [Int]] = [:]
    var closed: [Int] = []
    var commits = 0
    var aborts = 0
    var writing: Set<Int> = []
    var isMixed = false
  }

  /// Whether each split has a part of its own.
  let isFolder: Bool
  let delay: Int
  /// Where it throws: "part", "write", "close" or "commit".
  let failure: String?
  let onWrite: @Sendable (Int) -> Void
  private let state = Mutex(State())

  init(
    isFolder: Bool = false, delay: Int = 0, failure: String? = nil,
    onWrite: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.isFolder = isFolder
    self.delay = delay
    self.failure = failure
    self.onWrite = onWrite
  }

  var now: State { state.withLock { $0 } }
  /// The rows of all parts in the order of these.
  var rows: [Int] { now.parts.sorted { $0.key < $1.key }.flatMap(\.value) }

  func parts(of splits: [Int64]) -> [Int] { splits.indices.map { isFolder ? $0 : 0 } }

  func part(_ index: Int) throws -> any EnginePart {
    if failure == "part" { throw TestFailure("part") }
    state.withLock { state in
      if state.parts[index] != nil { state.isMixed = true }
      state.parts[index] = []
    }
    return Part(sink: self, index: index)
  }

  func commit() throws {
    if failure == "commit" { throw TestFailure("commit") }
    state.withLock { $0.commits += 1 }
  }

  func abort() { state.withLock { $0.aborts += 1 } }

  private final class Part: EnginePart {
    let sink: RecordingSink
    let index: Int

    init(sink: RecordingSink, index: Int) {
      self.sink = sink
      self.index = index
    }

    func write(_ batch: RecordBatch) throws {
      if sink.failure == "write" { throw TestFailure("write") }
      let isAlone = sink.state.withLock { $0.writing.insert(index).inserted }
      Pause.milliseconds(sink.delay)
      let rows = try batch.columns[0].tensor(of: Int64.self).scalars.map { Int($0) }
      sink.state.withLock { state in
        if !isAlone { state.isMixed = true }
        state.parts[index]? += rows
        state.writing.remove(index)
      }
      sink.onWrite(rows.count)
    }

    func close() throws {
      if sink.failure == "close" { throw TestFailure("close") }
      sink.state.withLock { $0.closed.append(index) }
    }
  }
}

struct TestFailure: Error, Equatable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Numbers as the column `n`.
func numbers(_ range: Range<Int>) throws -> RecordBatch {
  try RecordBatch([("n", .numbers(range.map { Int64($0) }))])
}

/// Blocks a thread, as reading and computing do.
enum Pause {
  static func milliseconds(_ count: Int) {
    if count > 0 { Thread.sleep(forTimeInterval: Double(count) / 1000) }
  }
}

/// A model whose answers a closure gives.
struct StubModel: Model {
  var inputs: [TensorSpecification]
  var outputs: [TensorSpecification]
  var mapOutputs: [String] { [] }
  var omittedOutputs: [OmittedOutput] { [] }
  var runtime: String { "stub" }
  var hasIndependentRows: Bool { true }
  var answer: @Sendable ([String: AnyTensor]) throws -> [String: AnyTensor]

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] { try answer(inputs) }

  /// Gives `y = 2 x` for rows of one number.
  static func doubling(_ log: Log<Int> = Log()) -> StubModel {
    StubModel(
      inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1])],
      outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1])]
    ) { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      log.append(x.rowCount)
      return ["y": .float32(x.map { $0 * 2 })]
    }
  }
}

/// Collects from threads.
final class Log<Entry: Sendable>: Sendable {
  private let state = Mutex<[Entry]>([])
  var entries: [Entry] { state.withLock { $0 } }
  func append(_ entry: Entry) { state.withLock { $0.append(entry) } }
}

/// The error's text, or a note that there is none.
func message(_ body: () async throws -> Void) async -> String {
  do {
    try await body()
    return "no error"
  } catch {
    return "\(error)"
  }
}
