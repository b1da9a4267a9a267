/// A model from one load to the unload that follows: its queue, and the threads that serve it.
///
/// A model may be loaded again while the one before still serves what waits; each has a generation of
/// its own, so that whoever unloads one waits for its threads and no others.
final class ModelGeneration: Sendable {
  let queue: BatchQueue
  let order = OrderedDelivery()
  /// The threads that serve the queue; none begins once the generation was closed.
  let threads = WorkCount()
  private let loaded = Pending<Result<Void, any Error>>()

  init(queue: BatchQueue) { self.queue = queue }

  /// Lets no more requests in; those that wait are still served.
  func close() {
    queue.close()
    threads.close()
  }

  /// Tells those who wait that loading has come to an end.
  func finishLoading(_ result: Result<Void, any Error>) { loaded.give(result) }

  /// Waits until loading has come to an end.
  func waitUntilLoaded() async throws { try await loaded.value().get() }
}
