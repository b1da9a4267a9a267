import Synchronization

/// Tells how far a run is, not more often than somebody can read.
final class ProgressMeter: Sendable {
  private static let pause = Duration.milliseconds(100)

  private struct State {
    var toldAt: ContinuousClock.Instant?
  }

  private let start = ContinuousClock.now
  private let totalRows: Int?
  private let splits: Int
  private let onProgress: (@Sendable (LocalProgress) -> Void)?
  private let state = Mutex(State())

  init(
    rows: Int?, splits: Int, _ onProgress: (@Sendable (LocalProgress) -> Void)?
  ) {
    totalRows = rows
    self.splits = splits
    self.onProgress = onProgress
  }

  func update(rows: Int, endedSplits: Int) {
    guard let onProgress else { return }
    let now = ContinuousClock.now
    let share: Double? =
      if let totalRows {
        totalRows > 0 ? min(1, Double(rows) / Double(totalRows)) : nil
      } else {
        splits > 1 ? Double(endedSplits) / Double(splits) : nil
      }
    // Told under the lock, so that one is not older than the one before.
    state.withLock { state in
      if let before = state.toldAt, now - before < Self.pause { return }
      state.toldAt = now
      onProgress(
        LocalProgress(rows: rows, totalRows: totalRows, share: share, elapsed: now - start))
    }
  }
}
