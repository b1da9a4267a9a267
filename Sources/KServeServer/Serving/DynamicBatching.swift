/// How requests of several clients are joined into batches.
///
/// A batch starts when it cannot grow (the model's greatest batch size, or the next request has other
/// shapes or parameters), when it has one of the preferred sizes, or when its oldest request has
/// waited for ``maxQueueDelay``. While all instances are busy requests gather by themselves, so a
/// delay of zero already batches under load.
public struct DynamicBatching: Sendable, Hashable {
  /// Sizes, in rows, that start a batch at once. Empty: only the greatest size does.
  public var preferredBatchSizes: [Int]
  /// How long a request may wait for others to join it.
  public var maxQueueDelay: Duration
  /// Whether responses leave in the order in which their requests came, also with several instances.
  public var preserveOrdering: Bool
  /// How many requests may wait; those beyond are refused. 0 means any number.
  public var maxQueueSize: Int
  /// How long a request may wait for its execution to begin; `nil` means without limit.
  public var defaultTimeout: Duration?
  /// Whether a request's parameter `timeout` (microseconds) may shorten the time it waits.
  public var allowTimeoutOverride: Bool
  /// Whether rows of several requests are joined at all. `nil`: as a test run shows for a loaded model
  /// (``RequestJoining/check``), and always for a closure, which is told of its batch's requests
  /// (``ModelBatch/members``) and whose author chose batching.
  public var joining: RequestJoining?

  public init(
    preferredBatchSizes: [Int] = [], maxQueueDelay: Duration = .zero,
    preserveOrdering: Bool = false, maxQueueSize: Int = 0, defaultTimeout: Duration? = nil,
    allowTimeoutOverride: Bool = false, joining: RequestJoining? = nil
  ) {
    self.preferredBatchSizes = preferredBatchSizes
    self.maxQueueDelay = maxQueueDelay
    self.preserveOrdering = preserveOrdering
    self.maxQueueSize = maxQueueSize
    self.defaultTimeout = defaultTimeout
    self.allowTimeoutOverride = allowTimeoutOverride
    self.joining = joining
  }
}
