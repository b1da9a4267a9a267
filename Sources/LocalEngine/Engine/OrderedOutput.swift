import ArrowIPC
import Threads

/// Brings what threads have computed into the order of the rows, and writes it.
///
/// Whoever delivers the next rows of a part writes them, and with them all that follow and are there;
/// the other threads go on computing. Nobody waits for a writer: when too much waits to be written, no
/// more is taken.
final class OrderedOutput: @unchecked Sendable {
  private struct Place: Hashable {
    var split: Int
    var unit: Int
  }

  private struct Waiting {
    var batch: RecordBatch
    /// What the rows keep in memory.
    var bytes: Int
    var split: Int
  }

  private struct Part {
    /// The unit that is written next.
    var next: Place
    /// Behind the last split of the part.
    let end: Int
    var isWriting = false
    var isClosed = false
    var output: (any EnginePart)?
  }

  private enum Job {
    case write(Waiting, (any EnginePart)?)
    case close((any EnginePart)?)
  }

  private let sink: any EngineSink
  private let state: RunState
  private let partOfSplit: [Int]
  private var parts: [Part] = []
  private var waiting: [Place: Waiting] = [:]
  private var waitingBytes = 0
  /// The number of units of each split whose end is known.
  private var ends: [Int?]
  /// How many units of each split are taken and not written.
  private var taken: [Int]
  /// The bytes that may wait.
  private let budget: Int
  private var writtenRows = 0
  private let onRows: @Sendable (_ rows: Int, _ endedSplits: Int) -> Void

  /// - Parameters:
  ///   - splits: the bytes of each split.
  ///   - onRows: is told after each write how many rows are written, and of how many splits all are.
  init(
    _ sink: any EngineSink, splits: [Int64], state: RunState, budget: Int,
    onRows: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) {
    self.sink = sink
    self.state = state
    self.budget = budget
    self.onRows = onRows
    partOfSplit = sink.parts(of: splits)
    ends = Array(repeating: nil, count: splits.count)
    taken = Array(repeating: 0, count: splits.count)
    for (split, part) in partOfSplit.enumerated() where part == parts.count {
      let end = partOfSplit[split...].firstIndex { $0 != part } ?? partOfSplit.count
      parts.append(Part(next: Place(split: split, unit: 0), end: end))
    }
  }

  // MARK: Under the lock of the run

  /// Whether rows of a split may be taken: if there is room for what becomes of them, or nothing else
  /// could be written next.
  func mayTake(from split: Int) -> Bool {
    if waitingBytes < budget { return true }
    return parts[partOfSplit[split]].next.split == split && taken[split] == 0
  }

  /// A unit of the split is being read.
  func willDeliver(_ split: Int) { taken[split] += 1 }

  /// There was none.
  func willNotDeliver(_ split: Int) { taken[split] -= 1 }

  /// All units of a split are given.
  func end(_ split: Int, units: Int) { ends[split] = units }

  /// What can be written of a part, for the caller alone until it is done.
  private func nextJob(_ part: Int) -> Job? {
    if state.isStopped || parts[part].isWriting || parts[part].isClosed { return nil }
    while parts[part].next.split < parts[part].end {
      let place = parts[part].next
      if let found = waiting.removeValue(forKey: place) {
        parts[part].isWriting = true
        return .write(found, parts[part].output)
      }
      guard ends[place.split] == place.unit else { return nil }
      parts[part].next = Place(split: place.split + 1, unit: 0)
    }
    parts[part].isWriting = true
    parts[part].isClosed = true
    return .close(parts[part].output)
  }

  // MARK: For threads

  /// Takes the results of a unit, and writes what can be written.
  func deliver(_ unit: EngineUnit, _ result: RecordBatch, bytes: Int) throws {
    state.condition.withLock {
      waiting[Place(split: unit.split, unit: unit.number)] = Waiting(
        batch: result, bytes: bytes, split: unit.split)
      waitingBytes += bytes
    }
    try write(partOf: unit.split)
  }

  /// Writes what can be written of the part that a split belongs to.
  func write(partOf split: Int) throws {
    let part = partOfSplit[split]
    while let job = state.condition.withLock({ nextJob(part) }) {
      do {
        try perform(job, part)
      } catch {
        state.condition.withLock { parts[part].isWriting = false }
        throw error
      }
    }
  }

  private func perform(_ job: Job, _ part: Int) throws {
    switch job {
    case .write(let rows, let open):
      let output = try open ?? sink.part(part)
      try output.write(rows.batch)
      let (written, ended) = state.condition.withLock {
        parts[part].output = output
        parts[part].isWriting = false
        parts[part].next.unit += 1
        waitingBytes -= rows.bytes
        taken[rows.split] -= 1
        writtenRows += rows.batch.rowCount
        state.condition.broadcast()
        return (writtenRows, ends.count { $0 != nil })
      }
      onRows(written, ended)
    case .close(let open):
      // Where there are no rows at all, the first part tells the columns.
      let output = try open ?? (part == 0 ? sink.part(part) : nil)
      try output?.close()
      state.condition.withLock {
        parts[part].output = nil
        parts[part].isWriting = false
        state.condition.broadcast()
      }
    }
  }

  /// Closes what no thread came to: the parts without rows.
  func finish() throws {
    for part in parts.indices {
      if let first = partOfSplit.firstIndex(of: part) { try write(partOf: first) }
    }
    if parts.isEmpty { try sink.part(0).close() }
  }

  /// Whether a thread is writing just now.
  var isWriting: Bool { state.condition.withLock { parts.contains(where: \.isWriting) } }

  /// The rows that are written.
  var rows: Int { state.condition.withLock { writtenRows } }
}
