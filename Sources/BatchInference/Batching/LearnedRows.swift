import Synchronization
import Tensors

/// What has been learned of a loaded model by running it, shared by the tasks that run it.
final class LearnedRows: Sendable {
  /// A way of running the model: where the rows are, what is wanted of them, and which outputs.
  struct Use: Hashable, Sendable {
    var layout: BatchLayout
    var relation: RowRelation
    var outputs: [String]
  }

  private let axes = Mutex<[Use: [Int]]>([:])

  /// The dimension of each output that has the rows, if a batch of several has been looked at.
  func axes(of use: Use) -> [Int]? { axes.withLock { $0[use] } }

  func learn(_ axes: [Int], of use: Use) { self.axes.withLock { $0[use] = axes } }
}
