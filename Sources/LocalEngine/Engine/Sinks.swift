import ArrowIPC
import Synchronization

/// Keeps all rows in memory.
final class MemorySink: EngineSink, EnginePart {
  private let kept = Mutex<[RecordBatch]>([])

  var batches: [RecordBatch] { kept.withLock { $0 } }

  func parts(of splits: [Int64]) -> [Int] { splits.map { _ in 0 } }
  func part(_ index: Int) throws -> any EnginePart { self }
  func commit() throws {}
  func abort() {}
  func write(_ batch: RecordBatch) throws { kept.withLock { $0.append(batch) } }
  func close() throws {}
}

/// Forgets all rows: the engine counts them.
struct CountingSink: EngineSink {
  private final class Part: EnginePart {
    func write(_ batch: RecordBatch) throws {}
    func close() throws {}
  }

  func parts(of splits: [Int64]) -> [Int] { Array(splits.indices) }
  func part(_ index: Int) throws -> any EnginePart { Part() }
  func commit() throws {}
  func abort() {}
}
