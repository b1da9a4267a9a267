import ArrowIPC
import SparkFunctions
import Threads

/// Some rows of a split on their way through the engine.
struct EngineUnit: Sendable {
  /// The split, and the number of the unit within it.
  var split: Int
  var number: Int
  var batch: RecordBatch
  /// How messages number the rows of the batch.
  var origin: RowOrigin
  var place: String?
}

/// Hands out the rows of all splits, unit by unit, to the threads of a run.
///
/// A thread takes from the earliest split that no other thread is reading just now, so that several
/// threads decode as many splits, and a single split feeds all of them: one decodes while the others
/// compute. What is taken and not written yet is bounded by ``OrderedOutput/mayTake(from:)``.
final class SplitQueue: @unchecked Sendable {
  /// A split, and how far it was read; of the thread that took it alone.
  private final class Cursor {
    let split: Int
    var batches: (any EngineBatches)?
    var units = 0
    var rows = 0
    /// What a batch had beyond a unit.
    var rest: RecordBatch?

    init(_ split: Int) { self.split = split }
  }

  private enum SplitState {
    case open(Cursor)
    case busy
    case ended
  }

  private let source: any EngineSource
  private let output: OrderedOutput
  private let state: RunState
  private let unitRows: Int
  private let leastRows: Int
  /// The greatest number of splits that are open at a time.
  private let window: Int
  private var splits: [SplitState]
  private var firstOpen = 0
  /// How many rows may still be given; `nil` without a limit.
  private var remaining: Int?

  /// - Parameters:
  ///   - unitRows: the greatest number of rows in a unit.
  ///   - leastRows: smaller batches of a split are put together up to this number.
  ///   - limit: the number of rows to give, from the first ones.
  init(
    _ source: any EngineSource, to output: OrderedOutput, state: RunState, threads: Int,
    unitRows: Int, leastRows: Int, limit: Int?
  ) {
    self.source = source
    self.output = output
    self.state = state
    self.unitRows = unitRows
    self.leastRows = min(leastRows, unitRows)
    // Which rows are the first is known only if splits are read one after the other.
    window = limit == nil ? threads : 1
    remaining = limit
    splits = (0..<source.splitCount).map { .open(Cursor($0)) }
    if limit == 0 {
      for split in splits.indices {
        splits[split] = .ended
        output.end(split, units: 0)
      }
    }
  }

  /// The next unit, `nil` when there is none, or the run is stopped.
  func next(_ times: inout RunTimes) async throws -> EngineUnit? {
    while let cursor = choose() {
      if let unit = try await times.measure(\.decode, { try await read(cursor) }) { return unit }
      try times.measure(\.write) { try output.write(partOf: cursor.split) }
    }
    return nil
  }

  /// Waits for a split to read from, which the thread has for itself then.
  private func choose() -> Cursor? {
    state.condition.withLock {
      while !state.isStopped {
        while firstOpen < splits.count, case .ended = splits[firstOpen] { firstOpen += 1 }
        if firstOpen == splits.count { return nil }
        var seen = 0
        for split in firstOpen..<splits.count where seen < window {
          switch splits[split] {
          case .ended: continue
          case .busy: seen += 1
          case .open(let cursor):
            seen += 1
            guard output.mayTake(from: split) else { continue }
            splits[split] = .busy
            output.willDeliver(split)
            return cursor
          }
        }
        state.condition.wait()
      }
      return nil
    }
  }

  /// Reads a unit of a split; `nil` at the split's end.
  private func read(_ cursor: Cursor) async throws -> EngineUnit? {
    let batches: any EngineBatches
    if let open = cursor.batches {
      batches = open
    } else {
      batches = try await source.open(cursor.split, batchRows: unitRows)
      cursor.batches = batches
    }
    let stop = state.onStop { batches.cancel() }
    defer { state.forget(stop) }
    guard let batch = try await cut(cursor, batches) else {
      end(cursor)
      return nil
    }
    return give(batch, cursor, batches)
  }

  /// The next rows of a split, as many as a unit should have.
  private func cut(_ cursor: Cursor, _ batches: any EngineBatches) async throws -> RecordBatch? {
    var parts: [RecordBatch] = []
    var count = 0
    while count < leastRows {
      let taken: RecordBatch?
      if let rest = cursor.rest { taken = rest } else { taken = try await batches.next() }
      guard let batch = taken else { break }
      cursor.rest = nil
      if batch.rowCount == 0 { continue }
      let room = unitRows - count
      if batch.rowCount <= room {
        parts.append(batch)
        count += batch.rowCount
      } else if parts.isEmpty {
        cursor.rest = batch.slice(room..<batch.rowCount)
        return batch.slice(0..<room)
      } else {
        cursor.rest = batch
        break
      }
    }
    return parts.isEmpty ? nil : try .concatenating(parts)
  }

  private func give(
    _ batch: RecordBatch, _ cursor: Cursor, _ batches: any EngineBatches
  ) -> EngineUnit {
    state.condition.withLock {
      var batch = batch
      if let limit = remaining {
        if limit < batch.rowCount { batch = batch.slice(0..<limit) }
        remaining = limit - batch.rowCount
      }
      var origin = batches.origin
      origin.first += cursor.rows
      let unit = EngineUnit(
        split: cursor.split, number: cursor.units, batch: batch, origin: origin,
        place: batches.place)
      cursor.units += 1
      cursor.rows += batch.rowCount
      splits[cursor.split] = .open(cursor)
      if remaining == 0 {
        // With a limit no other split is being read.
        for split in splits.indices {
          guard case .open(let other) = splits[split] else { continue }
          splits[split] = .ended
          output.end(split, units: other.units)
        }
      }
      state.condition.broadcast()
      return unit
    }
  }

  private func end(_ cursor: Cursor) {
    state.condition.withLock {
      output.willNotDeliver(cursor.split)
      splits[cursor.split] = .ended
      output.end(cursor.split, units: cursor.units)
      state.condition.broadcast()
    }
  }
}
