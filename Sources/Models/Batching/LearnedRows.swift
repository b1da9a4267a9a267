import Synchronization
import Tensors

/// What has been learned of a loaded model by running it, shared by the tasks that run it.
package final class LearnedRows: Sendable {
  /// A way of running the model: where the rows are, what is wanted of them, and which outputs.
  struct Use: Hashable, Sendable {
    var layout: BatchLayout
    var relation: RowRelation
    var outputs: [String]
  }

  private struct State {
    /// The dimension of each output that has the rows.
    var axes: [Int]?
    /// The batches of several rows so far.
    var batches = 0
  }

  private let states = Mutex<[Use: State]>([:])

  package init() {}

  /// The dimension of each output that has the rows of the next batch; `nil` if it is to be looked at.
  ///
  /// - Parameter isChecked: whether batches are looked at again, ever more seldom: rows that are alike
  ///   by chance do not show that they depend on each other.
  func axes(of use: Use, isChecked: Bool) -> [Int]? {
    states.withLock { states in
      states[use, default: State()].batches += 1
      guard let state = states[use], let axes = state.axes else { return nil }
      let isDue =
        state.batches <= 4
        || state.batches.nonzeroBitCount == 1
          && state.batches.trailingZeroBitCount.isMultiple(of: 2)
      return isChecked && isDue ? nil : axes
    }
  }

  func learn(_ axes: [Int], of use: Use) {
    states.withLock { $0[use, default: State()].axes = axes }
  }
}
