package import ArrowIPC
import Models
package import SparkFunctions
import Synchronization
import Threads

/// Brings the rows of a source through a computation into a sink, on several threads.
///
/// Every thread decodes, computes and writes in turn, whatever there is to do; nothing waits in a queue
/// but results whose turn has not come. The order of the rows is kept.
package struct EngineRun: Sendable {
  /// What becomes of some rows: as many other rows.
  package typealias Transform =
    @Sendable (_ batch: RecordBatch, _ worker: WorkerContext) async throws -> RecordBatch

  package struct Settings: Sendable {
    package var threads = 1
    /// The greatest number of rows that are decoded and computed at once.
    package var unitRows = 2048
    /// Smaller batches of a source are put together up to this number of rows.
    package var leastRows = 1
    package var limit: Int?
    /// The bytes of results that may wait for their turn to be written.
    package var budget = 64 << 20
    /// How long a cancelled run waits for threads that are in the middle of something.
    package var grace = Duration.milliseconds(600)
    package var onProgress: (@Sendable (LocalProgress) -> Void)?
    /// The positions of the rows of a batch that are computed; `nil` for all. Rows that are not are no
    /// rows of the output either.
    package var choose: (@Sendable (_ batch: RecordBatch, _ origin: RowOrigin) throws -> [Int]?)?
    /// The rows that were done before, for the progress.
    package var doneRows = 0
    /// Looks at all rows together before what was written becomes visible, which an error prevents.
    package var check: @Sendable () throws -> Void = {}

    package init() {}
  }

  let source: any EngineSource
  let sink: any EngineSink
  let settings: Settings
  let worker: WorkerContext
  let transform: Transform

  package init(
    _ source: any EngineSource, to sink: any EngineSink, settings: Settings = Settings(),
    worker: WorkerContext = WorkerContext(), transform: @escaping Transform = { batch, _ in batch }
  ) {
    self.source = source
    self.sink = sink
    self.settings = settings
    self.worker = worker
    self.transform = transform
  }

  /// Runs to the end; what was written is visible then, or removed if there was an error.
  ///
  /// - Throws: the first error of any thread; `CancellationError`, soon after the task was cancelled.
  package func run() async throws -> LocalSummary {
    let start = ContinuousClock.now
    let state = RunState()
    let bytes = (0..<source.splitCount).map { source.bytes(of: $0) }
    let meter = ProgressMeter(
      rows: (source.rows.map { min($0, settings.limit ?? .max) } ?? settings.limit)
        .map { max($0 - settings.doneRows, 0) },
      splits: bytes.count,
      settings.onProgress)
    let output = OrderedOutput(
      sink, splits: bytes, state: state, budget: settings.budget,
      onRows: { meter.update(rows: $0, endedSplits: $1) })
    let queue = SplitQueue(
      source, to: output, state: state, threads: settings.threads, unitRows: settings.unitRows,
      leastRows: settings.leastRows, limit: settings.limit)
    let sink = self.sink
    let team = ThreadTeam(state) { sink.abort() }
    await withTaskCancellationHandler {
      await team.run(settings.threads) { await work(queue, output, state) }
    } onCancel: { [settings] in
      state.fail(CancellationError())
      team.leave(after: settings.grace)
    }
    do {
      if let error = state.error { throw error }
      try settings.check()
      try await Thread.run {
        try output.finish()
        try sink.commit()
      }
    } catch {
      state.fail(error)
      if team.mayCleanUp(isWriting: { output.isWriting }) { sink.abort() }
      throw error
    }
    let times = team.times
    return LocalSummary(
      rows: output.rows, elapsed: ContinuousClock.now - start, threads: settings.threads,
      decoding: times.decode, computing: times.compute, writing: times.write)
  }

  /// What one thread does.
  private func work(
    _ queue: SplitQueue, _ output: OrderedOutput, _ state: RunState
  ) async -> RunTimes {
    var times = RunTimes()
    do {
      while let unit = try await queue.next(&times) {
        try Task.checkCancellation()
        let result = try await times.measure(\.compute) { try await computed(unit) }
        try times.measure(\.write) {
          try output.deliver(unit, result.batch, bytes: result.bytes)
        }
      }
    } catch {
      state.fail(error)
    }
    return times
  }

  private func computed(_ unit: EngineUnit) async throws -> (batch: RecordBatch, bytes: Int) {
    var worker = worker
    worker.partition = unit.split
    worker.rows = unit.origin
    worker.rows.place = unit.place
    var batch = unit.batch
    if let kept = try settings.choose?(batch, worker.rows) {
      batch = try batch.selecting(kept)
      worker.rows.kept = kept
    }
    let result: RecordBatch
    do {
      result = try await transform(batch, worker)
    } catch var error as InferenceError {
      if let place = unit.place { error.message += " (\(place))" }
      throw error
    }
    guard result.rowCount == batch.rowCount else {
      throw InferenceError(
        .invalidOutput,
        "\(result.rowCount) rows were given for \(batch.rowCount) rows of input; a function must "
          + "give exactly one row for each row that it takes, in the same order")
    }
    return HeldMemory.reduced(result, from: unit.batch)
  }
}

/// The threads of one run, and whoever waits for them.
private final class ThreadTeam: Sendable {
  private struct State {
    /// What the threads do, and what the last one does if nobody waited. They have it from here, and
    /// whoever waited takes it away: a thread that has ended holds no file and no rows any more, which
    /// libraries could not free while the process exits.
    var work: (@Sendable () async -> RunTimes)?
    var cleanUp: (@Sendable () -> Void)?
    var running = 0
    var waiting: CheckedContinuation<Void, Never>?
    var isLeft = false
    var mustCleanUp = false
    var times = RunTimes()
  }

  private let run: RunState
  private let state: Mutex<State>

  /// - Parameter cleanUp: is called by the last thread if nobody waited for it.
  init(_ run: RunState, cleanUp: @escaping @Sendable () -> Void) {
    self.run = run
    state = Mutex(State(cleanUp: cleanUp))
  }

  var times: RunTimes { state.withLock { $0.times } }

  /// Does `work` on `count` threads and returns when all have ended, or when they are left.
  func run(_ count: Int, _ work: @escaping @Sendable () async -> RunTimes) async {
    state.withLock { $0.work = work }
    defer {
      state.withLock { state in
        state.work = nil
        if state.running == 0 { state.cleanUp = nil }
      }
    }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isLeft = state.withLock { state in
        state.running = count
        if !state.isLeft { state.waiting = continuation }
        return state.isLeft
      }
      if isLeft { continuation.resume() }
      for number in 0..<count {
        let started = Thread.start { self.body() }
        if !started {
          // The others do its part.
          if number == 0 { run.fail(NoThread()) }
          end(RunTimes())
        }
      }
    }
  }

  private func work() async -> RunTimes {
    guard let work = state.withLock({ $0.work }) else { return RunTimes() }
    return await work()
  }

  private func body() {
    let stop = Mutex(0)
    let result = Result {
      try ThreadExecutor().run(
        onStart: { cancel in
          let number = run.onStop(cancel)
          stop.withLock { $0 = number }
        }, { await self.work() })
    }
    run.forget(stop.withLock { $0 })
    switch result {
    case .success(let times): end(times)
    case .failure(let error):
      run.fail(error)
      end(RunTimes())
    }
  }

  private func end(_ times: RunTimes) {
    let (waiting, cleanUp) = state.withLock { state in
      state.running -= 1
      state.times.add(times)
      guard state.running == 0 else {
        return (nil as CheckedContinuation<Void, Never>?, nil as (@Sendable () -> Void)?)
      }
      defer { state.waiting = nil }
      return (state.waiting, state.mustCleanUp ? state.cleanUp : nil)
    }
    cleanUp?()
    waiting?.resume()
  }

  /// Waits no longer than `grace` for the threads: a model in the middle of a batch cannot be stopped.
  func leave(after grace: Duration) {
    Task.detached { [self] in
      try? await Task.sleep(for: grace)
      let waiting = state.withLock { state in
        state.isLeft = true
        defer { state.waiting = nil }
        return state.waiting
      }
      waiting?.resume()
    }
  }

  /// Whether the caller may remove what was written; else the last thread does.
  func mayCleanUp(isWriting: () -> Bool) -> Bool {
    // Threads that compute will not write: the run is stopped.
    let isWriting = isWriting()
    return state.withLock { state in
      if state.running > 0, isWriting {
        state.mustCleanUp = true
        return false
      }
      return true
    }
  }
}
