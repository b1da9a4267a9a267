import KServeProtocol
import NIOCore
import Threads

/// The requests that wait for one model, and the rules by which they are joined into batches.
///
/// Instances take whole batches out with ``next()``, which blocks their threads; network threads put
/// single requests in. One lock guards it all, held for as long as it takes to look at the requests
/// of one batch.
final class BatchQueue: @unchecked Sendable {
  /// The rules, in the queue's units.
  struct Rules: Sendable {
    /// The most rows of a batch; 1 request if it is 0.
    var maxRows: Int
    /// Ascending.
    var preferredSizes: [Int] = []
    /// Nanoseconds.
    var delay: UInt64 = 0
    var maxQueueSize = 0
    var joinsRequests = false
  }

  /// Requests to run together, and their place in the order of batches.
  struct Batch {
    var requests: [QueuedRequest]
    var number: Int
  }

  private var rules: Rules
  private let condition = BlockingCondition()
  private var waiting = CircularBuffer<QueuedRequest>()
  private var waitingRows = 0
  private var idleThreads = 0
  /// Whether a thread watches the first request until its delay is over.
  private var isForming = false
  private var isClosed = false
  private var batchCount = 0

  init(rules: Rules) { self.rules = rules }

  /// Lets requests be joined from now on, once it is known that they may.
  func allowJoining() { condition.withLock { rules.joinsRequests = true } }

  /// The number of requests that wait.
  var count: Int { condition.withLock { waiting.count } }

  /// Adds a request at the end.
  ///
  /// - Throws: what the client is to be told if the queue is full or the model is being unloaded.
  func append(_ request: QueuedRequest) throws(KServeError) {
    condition.lock()
    defer { condition.unlock() }
    if isClosed {
      throw KServeError(
        .unavailable,
        "Server is stopping, scheduler for model has stopped accepting new inference requests")
    }
    if rules.maxQueueSize > 0, waiting.count >= rules.maxQueueSize {
      throw KServeError(
        .unavailable, KServeError.prefix(ofRequest: request.id) + "Exceeds maximum queue size")
    }
    let previous = waiting.last
    waiting.append(request)
    waitingRows += request.rows
    // The thread that is forming a batch sleeps on until the batch is due, unless this request
    // completes it: waking it for each request would cost more than the batch saves.
    let completes =
      previous.map { previous in
        !isForming || waitingRows >= smallestTarget || previous.signature != request.signature
      } ?? true
    if completes, idleThreads > 0 { condition.signal() }
  }

  private var smallestTarget: Int { rules.preferredSizes.first ?? rules.maxRows }

  /// Takes a request out that nobody waits for any more; `false` if it is not there.
  @discardableResult
  func remove(_ request: QueuedRequest) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    guard let index = waiting.firstIndex(where: { $0 === request }) else { return false }
    waiting.remove(at: index)
    waitingRows -= request.rows
    return true
  }

  /// Refuses new requests; those that wait are still served.
  func close() {
    condition.withLock {
      isClosed = true
      condition.broadcast()
    }
  }

  /// The requests that still wait, which are taken out.
  func removeAll() -> [QueuedRequest] {
    condition.withLock {
      defer {
        waiting.removeAll()
        waitingRows = 0
      }
      return Array(waiting)
    }
  }

  /// The next batch; blocks until there is one. `nil` when the queue is closed and empty.
  func next() -> Batch? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      let now = MonotonicTime.now()
      dropEnded(now: now)
      guard let first = waiting.first else {
        if isClosed { return nil }
        idleThreads += 1
        condition.wait()
        idleThreads -= 1
        continue
      }
      let (count, isComplete) = candidate(behind: first)
      let due = first.arrival &+ rules.delay
      if isComplete || isClosed || rules.delay == 0 || now >= due {
        return take(count)
      }
      idleThreads += 1
      isForming = true
      condition.wait(until: due)
      isForming = false
      idleThreads -= 1
    }
  }

  /// Drops from the front what was cancelled, and refuses what has waited too long.
  private func dropEnded(now: UInt64) {
    while let request = waiting.first {
      if let deadline = request.deadline, now >= deadline {
        request.end(.failure(.queueTimeout))
      }
      guard request.isEnded else { return }
      waiting.removeFirst()
      waitingRows -= request.rows
    }
  }

  /// How many requests from the front make the best batch now, and whether waiting cannot better it.
  private func candidate(behind first: QueuedRequest) -> (count: Int, isComplete: Bool) {
    guard rules.joinsRequests else { return (1, true) }
    var rows = 0
    var preferred = 0
    for (index, request) in waiting.enumerated() {
      if rows + request.rows > rules.maxRows
        || (index > 0 && request.signature != first.signature)
      {
        return (preferred > 0 ? preferred : index, true)
      }
      rows += request.rows
      if rules.preferredSizes.contains(rows) { preferred = index + 1 }
    }
    if preferred > 0 { return (preferred, true) }
    return (waiting.count, rows >= rules.maxRows)
  }

  private func take(_ count: Int) -> Batch {
    let requests = (0..<count).map { _ in waiting.removeFirst() }
    for request in requests { waitingRows -= request.rows }
    if !waiting.isEmpty, idleThreads > 0 { condition.signal() }
    batchCount += 1
    return Batch(requests: requests, number: batchCount - 1)
  }
}
