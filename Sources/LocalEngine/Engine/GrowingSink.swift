import ArrowIPC
import FileTables
import Synchronization

/// A folder as the sink of a run, in which rows stay that were written before the run broke off.
final class GrowingSink: EngineSink {
  /// How long a part grows: what is lost if the process is killed.
  static let interval = Duration.seconds(30)

  private let folder: GrowingFolder
  private let partRows: Int
  private let interval: Duration
  private let open = Mutex<[RollingPart]>([])

  /// - Parameter partRows: the greatest number of rows in a part; `nil` for as many as there are in
  ///   `interval`.
  init(_ folder: GrowingFolder, partRows: Int?, interval: Duration = GrowingSink.interval) {
    self.folder = folder
    self.partRows = partRows ?? .max
    self.interval = partRows == nil ? interval : .seconds(Int32.max)
  }

  func parts(of splits: [Int64]) -> [Int] { FilesSink.grouped(splits) }

  func part(_ index: Int) throws -> any EnginePart {
    let part = RollingPart(folder, rows: partRows, interval: interval)
    open.withLock { $0.append(part) }
    return part
  }

  func commit() throws { try folder.complete() }

  /// What was written so far is right, and stays.
  func abort() {
    for part in open.withLock({ $0 }) { try? part.close() }
    folder.clean()
  }
}

/// Rows that are written to one part of the folder after the other.
private final class RollingPart: EnginePart {
  private struct State {
    var part: FilePart?
    var rows = 0
    var begin = ContinuousClock.now
  }

  private let folder: GrowingFolder
  private let mostRows: Int
  private let interval: Duration
  private let state = Mutex(State())

  init(_ folder: GrowingFolder, rows: Int, interval: Duration) {
    self.folder = folder
    mostRows = rows
    self.interval = interval
  }

  func write(_ batch: RecordBatch) throws {
    let batch = try batch.relaid(as: folder.arrowSchema)
    try state.withLock { state in
      var start = 0
      while start < batch.rowCount {
        let part: FilePart
        if let open = state.part {
          part = open
        } else {
          part = try folder.part()
          state = State(part: part)
        }
        let end = min(batch.rowCount, start + mostRows - state.rows)
        do {
          try part.write(batch.slice(start..<end))
        } catch {
          // Who knows what of it was written.
          part.abort()
          state.part = nil
          throw error
        }
        state.rows += end - start
        start = end
        if state.rows >= mostRows || ContinuousClock.now - state.begin >= interval {
          try publish(&state)
        }
      }
    }
  }

  func close() throws { try state.withLock { try publish(&$0) } }

  private func publish(_ state: inout State) throws {
    guard let part = state.part else { return }
    state.part = nil
    try folder.publish(part)
  }
}
