import KServeProtocol
import Synchronization
import Tensors
import Testing
import Threads

@testable import KServeServer

/// Requests that keep what they are told.
final class Answers: Sendable {
  let deliveries = Mutex<[(id: String, delivery: QueuedRequest.Delivery)]>([])

  func request(
    _ id: String, rows: Int = 1, shape: Shape = [4], parameters: [String: InferParameter] = [:],
    deadline: UInt64? = nil, inputs: [AnyTensor?] = []
  ) -> QueuedRequest {
    QueuedRequest(
      id: id, inputs: inputs, rows: rows,
      signature: QueuedRequest.Signature(rowShapes: [shape], parameters: parameters),
      requestedOutputs: [], arrival: MonotonicTime.now(), deadline: deadline
    ) { delivery in self.deliveries.withLock { $0.append((id, delivery)) } }
  }

  /// The messages of those that failed, by id.
  var failures: [String: String] {
    var result: [String: String] = [:]
    for (id, delivery) in deliveries.withLock({ $0 }) {
      if case .failure(let error) = delivery { result[id] = error.message }
    }
    return result
  }
}

@Suite struct BatchQueueTests {
  struct Joining: Sendable, CustomTestStringConvertible {
    var title: String
    var maxRows = 8
    var preferred: [Int] = []
    var rows: [Int]
    var shapes: [Shape]?
    var expected: [[Int]]
    var testDescription: String { title }
  }

  static let joinings: [Joining] = [
    Joining(title: "all that fit", rows: [1, 2, 3], expected: [[1, 2, 3]]),
    Joining(title: "up to the greatest size", rows: [4, 4, 1], expected: [[4, 4], [1]]),
    Joining(title: "never beyond it", rows: [5, 4, 4], expected: [[5], [4, 4]]),
    Joining(
      title: "the largest preferred size", preferred: [2, 4], rows: [1, 1, 1, 1, 1],
      expected: [[1, 1, 1, 1], [1]]),
    Joining(
      title: "a preferred size that no sum meets", preferred: [4], rows: [3, 3],
      expected: [[3, 3]]),
    Joining(
      title: "only the same shapes", rows: [1, 1, 1], shapes: [[4], [4], [5]],
      expected: [[1, 1], [1]]),
    Joining(title: "a request of no rows", rows: [0, 3], expected: [[0, 3]]),
  ]

  @Test(arguments: joinings) func joins(_ joining: Joining) throws {
    let queue = BatchQueue(
      rules: .init(
        maxRows: joining.maxRows, preferredSizes: joining.preferred, joinsRequests: true))
    let answers = Answers()
    for (index, rows) in joining.rows.enumerated() {
      try queue.append(
        answers.request("\(index)", rows: rows, shape: joining.shapes?[index] ?? [4]))
    }
    queue.close()
    var batches: [[Int]] = []
    while let batch = queue.next() {
      #expect(batch.number == batches.count)
      batches.append(batch.requests.map(\.rows))
    }
    #expect(batches == joining.expected)
  }

  @Test func runsRequestsAloneWithoutBatching() throws {
    let queue = BatchQueue(rules: .init(maxRows: 8))
    let answers = Answers()
    for id in ["a", "b"] { try queue.append(answers.request(id)) }
    #expect(queue.next()?.requests.map(\.id) == ["a"])
    #expect(queue.next()?.requests.map(\.id) == ["b"])
  }

  @Test func keepsParametersApart() throws {
    let queue = BatchQueue(rules: .init(maxRows: 8, joinsRequests: true))
    let answers = Answers()
    try queue.append(answers.request("a", parameters: ["beam": 1]))
    try queue.append(answers.request("b", parameters: ["beam": 2]))
    #expect(queue.next()?.requests.map(\.id) == ["a"])
  }

  @Test func waitsForOthersUntilTheDelayIsOver() async throws {
    let delay = Duration.milliseconds(500)
    let queue = BatchQueue(
      rules: .init(maxRows: 4, delay: delay.nanoseconds, joinsRequests: true))
    let answers = Answers()
    let sizes = Mutex<[(rows: Int, waited: UInt64)]>([])
    let started = MonotonicTime.now()
    let (ends, end) = AsyncStream<Void>.makeStream()
    #expect(
      Threads.Thread.start {
        while let batch = queue.next() {
          sizes.withLock { $0.append((batch.requests.count, MonotonicTime.now() - started)) }
        }
        end.finish()
      })
    // A complete batch starts at once, an incomplete one after the delay.
    for id in 0..<6 { try queue.append(answers.request("\(id)")) }
    while queue.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
    queue.close()
    for await _ in ends {}
    let seen = sizes.withLock { $0 }
    #expect(seen.map(\.rows) == [4, 2])
    #expect(seen[0].waited < delay.nanoseconds)
    #expect(seen[1].waited >= delay.nanoseconds)
  }

  @Test func refusesMoreThanItsLimit() throws {
    let queue = BatchQueue(rules: .init(maxRows: 8, maxQueueSize: 2, joinsRequests: true))
    let answers = Answers()
    try queue.append(answers.request("a"))
    try queue.append(answers.request("b"))
    let error = #expect(throws: KServeError.self) { try queue.append(answers.request("c")) }
    #expect(error?.code == .unavailable)
    #expect(error?.message == "[request id: c] Exceeds maximum queue size")
    #expect(queue.next()?.requests.count == 2)
    try queue.append(answers.request("d"))
  }

  @Test func refusesRequestsWhenClosed() throws {
    let queue = BatchQueue(rules: .init(maxRows: 8))
    let answers = Answers()
    try queue.append(answers.request("a"))
    queue.close()
    #expect(throws: KServeError.self) { try queue.append(answers.request("b")) }
    #expect(queue.next()?.requests.map(\.id) == ["a"])
    #expect(queue.next() == nil)
  }

  @Test func takesCancelledAndLateRequestsOut() throws {
    let queue = BatchQueue(rules: .init(maxRows: 8, joinsRequests: true))
    let answers = Answers()
    let cancelled = answers.request("cancelled", rows: 3)
    try queue.append(answers.request("late", deadline: MonotonicTime.now()))
    try queue.append(cancelled)
    try queue.append(answers.request("good", rows: 2))
    #expect(queue.remove(cancelled))
    #expect(!queue.remove(cancelled))
    #expect(queue.next()?.requests.map(\.id) == ["good"])
    #expect(answers.failures == ["late": "Request timeout expired"])
  }

  @Test func endsARequestOnce() {
    let answers = Answers()
    let request = answers.request("a")
    #expect(request.end(.failure(.requestCancelled)))
    #expect(!request.end())
    request.respond([:])
    #expect(answers.deliveries.withLock { $0.count } == 1)
  }
}
