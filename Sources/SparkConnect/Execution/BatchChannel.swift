import ArrowIPC
import Synchronization

/// Hands record batches from an execution to a consumer, one at a time: the producer waits until its
/// batch was taken, so that no more than one is held.
final class BatchChannel: Sendable {
  private enum State {
    case idle
    case offered(RecordBatch, CheckedContinuation<Void, any Error>)
    case awaited(CheckedContinuation<RecordBatch?, any Error>)
    case finished((any Error)?)
  }

  private let state = Mutex<State>(.idle)

  /// Offers a batch and waits until it was taken.
  ///
  /// - Throws: `CancellationError` if the consumer went away.
  func send(_ batch: RecordBatch) async throws {
    try await withCheckedThrowingContinuation { (producer: CheckedContinuation<Void, any Error>) in
      let consumer = state.withLock { state -> CheckedContinuation<RecordBatch?, any Error>? in
        switch state {
        case .awaited(let consumer):
          state = .idle
          return consumer
        case .finished:
          producer.resume(throwing: CancellationError())
          return nil
        default:
          state = .offered(batch, producer)
          return nil
        }
      }
      if let consumer {
        consumer.resume(returning: batch)
        producer.resume()
      }
    }
  }

  /// Ends the sequence, with an error if there was one.
  func finish(_ error: (any Error)? = nil) {
    let before = state.withLock { state -> State in
      defer { if case .finished = state {} else { state = .finished(error) } }
      return state
    }
    switch before {
    case .awaited(let consumer):
      if let error { consumer.resume(throwing: error) } else { consumer.resume(returning: nil) }
      state.withLock { $0 = .finished(nil) }
    case .offered(_, let producer): producer.resume(throwing: CancellationError())
    default: break
    }
  }

  /// The next batch, or `nil` at the end.
  func next() async throws -> RecordBatch? {
    try await withCheckedThrowingContinuation {
      (consumer: CheckedContinuation<RecordBatch?, any Error>) in
      state.withLock { state in
        switch state {
        case .offered(let batch, let producer):
          state = .idle
          producer.resume()
          consumer.resume(returning: batch)
        case .finished(let error):
          state = .finished(nil)
          if let error { consumer.resume(throwing: error) } else { consumer.resume(returning: nil) }
        default: state = .awaited(consumer)
        }
      }
    }
  }
}
