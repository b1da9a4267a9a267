import Synchronization

/// A model from one load to the unload that follows: its queue, and the threads that serve it.
///
/// A model may be loaded again while the one before still serves what waits; each has a generation of
/// its own, so that whoever unloads one waits for its threads and no others.
final class ModelGeneration: Sendable {
  private struct State {
    var threads = 0
    var isClosed = false
    var loaded: Result<Void, any Error>?
    var onLoaded: [CheckedContinuation<Void, any Error>] = []
    var onEnded: [CheckedContinuation<Void, Never>] = []
  }

  let queue: BatchQueue
  let order = OrderedDelivery()
  private let state = Mutex(State())

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
    let waiting = state.withLock { state in
      state.threads -= 1
      if state.threads > 0 { return [CheckedContinuation<Void, Never>]() }
      defer { state.onEnded.removeAll() }
      return state.onEnded
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Lets no more requests in; those that wait are still served.
  func close() {
    state.withLock { $0.isClosed = true }
    queue.close()
  }

  /// Waits until all threads have ended.
  func end() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.threads == 0 { return true }
        state.onEnded.append(continuation)
        return false
      }
      if isDone { continuation.resume() }
    }
  }

  /// Tells those who wait that loading has come to an end.
  func finishLoading(_ result: Result<Void, any Error>) {
    let waiting = state.withLock { state in
      if state.loaded == nil { state.loaded = result }
      defer { state.onLoaded.removeAll() }
      return state.onLoaded
    }
    for continuation in waiting { continuation.resume(with: result) }
  }

  /// Waits until loading has come to an end.
  func waitUntilLoaded() async throws {
    try await withCheckedThrowingContinuation { continuation in
      let known = state.withLock { state in
        if state.loaded == nil { state.onLoaded.append(continuation) }
        return state.loaded
      }
      if let known { continuation.resume(with: known) }
    }
  }
}
