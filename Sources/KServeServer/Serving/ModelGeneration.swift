import Synchronization

/// A model from one load to the unload that follows: its queue, and the threads that serve it.
///
/// A model may be loaded again while the one before still serves what waits; each has a generation of
/// its own, so that whoever unloads one waits for its threads and no others.
final class ModelGeneration: Sendable {
  private struct State {
    var threads = 0
    var isClosed = false
    var hasEnded: Bool { isClosed && threads == 0 }
  }

  let queue: BatchQueue
  let order = OrderedDelivery()
  private let state = Mutex(State())
  private let loaded = Pending<Result<Void, any Error>>()
  private let ended = Pending<Void>()

  init(queue: BatchQueue) { self.queue = queue }

  /// Whether no requests are let in any more.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Counts a thread in; `false` if the generation was closed meanwhile.
  func beginThread() -> Bool {
    state.withLock { state in
      if state.isClosed { return false }
      state.threads += 1
      return true
    }
  }

  func endThread() {
    let isLast = state.withLock { state in
      state.threads -= 1
      return state.hasEnded
    }
    if isLast { ended.give(()) }
  }

  /// Lets no more requests in; those that wait are still served.
  func close() {
    let hasEnded = state.withLock { state in
      state.isClosed = true
      return state.hasEnded
    }
    queue.close()
    if hasEnded { ended.give(()) }
  }

  /// Waits until all threads of a closed generation have ended.
  func end() async { await ended.value() }

  /// Tells those who wait that loading has come to an end.
  func finishLoading(_ result: Result<Void, any Error>) { loaded.give(result) }

  /// Waits until loading has come to an end.
  func waitUntilLoaded() async throws { try await loaded.value().get() }
}
