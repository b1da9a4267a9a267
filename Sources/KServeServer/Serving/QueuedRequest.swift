import KServeProtocol
import Synchronization
import Tensors

/// One inference request on its way through a model: checked, waiting, running, ended.
final class QueuedRequest: Sendable {
  /// What the one who waits for the request is told. `response` comes once for an ordinary model and
  /// any number of times for a decoupled one; then `end`, or `failure`, and nothing more.
  enum Delivery: Sendable {
    case response([String: AnyTensor])
    case end
    case failure(KServeError)
  }

  /// Requests that agree in this may run in one batch.
  struct Signature: Equatable, Sendable {
    var rowShapes: [Shape?]
    var parameters: [String: InferParameter]
  }

  let id: String
  /// The tensors in the order of the model's inputs; `nil` for an optional input left out.
  let inputs: [AnyTensor?]
  /// Rows, 1 for a model without a batch dimension.
  let rows: Int
  let signature: Signature
  let requestedOutputs: [String]
  /// When it arrived, in ``MonotonicTime``.
  let arrival: UInt64
  /// When it is refused if it has not begun to run.
  let deadline: UInt64?
  /// What its tensors take, given back with them.
  private let memory: MemoryBudget.Lease?
  private let deliver: @Sendable (Delivery) -> Void
  private let ended = Atomic(false)

  init(
    id: String, inputs: [AnyTensor?], rows: Int, signature: Signature, requestedOutputs: [String],
    arrival: UInt64, deadline: UInt64?, memory: MemoryBudget.Lease? = nil,
    deliver: @escaping @Sendable (Delivery) -> Void
  ) {
    self.id = id
    self.inputs = inputs
    self.rows = rows
    self.signature = signature
    self.requestedOutputs = requestedOutputs
    self.arrival = arrival
    self.deadline = deadline
    self.memory = memory
    self.deliver = deliver
  }

  /// Whether nobody waits for the request any more.
  var isEnded: Bool { ended.load(ordering: .acquiring) }

  /// Hands over one response; nothing if the request has ended.
  func respond(_ outputs: [String: AnyTensor]) {
    if !isEnded { deliver(.response(outputs)) }
  }

  /// Ends the request; `false` if it had ended before.
  @discardableResult
  func end(_ delivery: Delivery = .end) -> Bool {
    if ended.exchange(true, ordering: .acquiringAndReleasing) { return false }
    deliver(delivery)
    return true
  }
}
