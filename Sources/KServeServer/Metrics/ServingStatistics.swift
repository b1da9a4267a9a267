import Synchronization

/// What a model has done since it was loaded, counted as Triton counts.
final class ServingStatistics: Sendable {
  /// A number of events and the nanoseconds they took together.
  struct Durations: Sendable, Hashable {
    var count: UInt64 = 0
    var nanoseconds: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64, count: Int = 1) {
      self.count += UInt64(count)
      self.nanoseconds += nanoseconds
    }
  }

  /// Why a request failed, by the names of the metric `nv_inference_request_failure`.
  enum FailureReason: String, Sendable, CaseIterable {
    case rejected = "REJECTED"
    case canceled = "CANCELED"
    case backend = "BACKEND"
    case other = "OTHER"
  }

  /// What executions took, those of one batch size or all.
  struct ComputeDurations: Sendable, Hashable {
    var input = Durations()
    var infer = Durations()
    var output = Durations()

    /// Books an execution's times `count` times.
    fileprivate mutating func add(_ execution: Execution, count: Int = 1) {
      input.add(execution.computeInput * UInt64(count), count: count)
      infer.add(execution.computeInfer * UInt64(count), count: count)
      output.add(execution.computeOutput * UInt64(count), count: count)
    }
  }

  struct Snapshot: Sendable {
    /// Milliseconds since 1970 of the last request, 0 if there was none.
    var lastInference: UInt64 = 0
    /// Rows; a request to a model without a batch dimension counts as one.
    var inferenceCount: UInt64 = 0
    var executionCount: UInt64 = 0
    var success = Durations()
    var failure = Durations()
    var queue = Durations()
    var compute = ComputeDurations()
    var batches: [Int: ComputeDurations] = [:]
    var failures: [FailureReason: UInt64] = [:]
    var latencies = LatencyHistogram()
  }

  /// The times of one execution, in nanoseconds.
  struct Execution {
    var rows: Int
    var computeInput: UInt64
    var computeInfer: UInt64
    var computeOutput: UInt64
  }

  private let state = Mutex(Snapshot())

  var snapshot: Snapshot { state.withLock { $0 } }

  func requestFailed(_ reason: FailureReason, nanoseconds: UInt64) {
    state.withLock {
      $0.failure.add(nanoseconds)
      $0.failures[reason, default: 0] += 1
    }
  }

  /// A batch ended well. `requests` are, for each of its requests whose client still waits, the
  /// nanoseconds it waited and those that it took altogether.
  func executed(
    _ execution: Execution, requests: [(queue: UInt64, total: UInt64)],
    milliseconds: UInt64
  ) {
    state.withLock { state in
      state.executionCount += 1
      state.lastInference = milliseconds
      state.inferenceCount += UInt64(execution.rows)
      for request in requests {
        state.success.add(request.total)
        state.queue.add(request.queue)
        state.latencies.record(nanoseconds: request.total)
      }
      // Triton books an execution's times on each of its requests.
      state.compute.add(execution, count: requests.count)
      state.batches[execution.rows, default: ComputeDurations()].add(execution)
    }
  }
}
