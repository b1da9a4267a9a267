import ArrowIPC
import SparkFunctions

/// One source of batches for several functions of the same task.
///
/// A batch is kept until every function has taken it, so that memory holds what the fastest function
/// is ahead of the slowest one: little, since the results are taken from all in turn.
final class SharedInput {
  private let base: any BatchSource
  private var waiting: [[RecordBatch]]
  private var isAtEnd = false

  init(_ base: any BatchSource, consumers: Int) {
    self.base = base
    waiting = Array(repeating: [], count: consumers)
  }

  /// The source for one of the consumers.
  func source(_ consumer: Int) -> any BatchSource {
    BatchGenerator { [self] in try await next(consumer) }
  }

  private func next(_ consumer: Int) async throws -> RecordBatch? {
    if !waiting[consumer].isEmpty { return waiting[consumer].removeFirst() }
    if isAtEnd { return nil }
    guard let batch = try await base.next() else {
      isAtEnd = true
      return nil
    }
    for other in waiting.indices where other != consumer { waiting[other].append(batch) }
    return batch
  }
}
