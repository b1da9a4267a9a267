import ArrowIPC
import Glibc
import SparkFunctions
import Synchronization
import Threads

/// One task of one connection: reads what Spark sends, has it evaluated, writes the results.
struct TaskRunner: Sendable {
  let service: ConnectionService
  let connection: WorkerConnection
  let executor: ThreadExecutor
  let place: TaskPlace?

  enum End {
    /// The connection can carry another task.
    case reusable
    case ended
    /// The task is for another process; these bytes of it were read.
    case elsewhere([UInt8])
  }

  /// What is known of a task that may have failed early.
  private struct Progress: Sendable {
    var initialization: TaskInitialization?
    var writesArrow = false
    var isCancelled = false
    var rowsIn = 0
    var rowsOut = 0
    var batchesOut = 0
  }

  private final class Shared: Sendable {
    let progress = Mutex(Progress())
  }

  func run() -> End {
    let shared = Shared()
    let start = Timestamps()
    do {
      let (initialization, bytes) = try begin()
      if let bytes { return .elsewhere(bytes) }
      shared.progress.withLock { $0.initialization = initialization }
      service.log(.debug, "begins \(Self.place(initialization))")
      let isComplete = try evaluate(initialization, shared)
      return try finish(initialization, shared, start, isComplete: isComplete)
    } catch {
      fail(error, shared)
      return .ended
    }
  }

  /// Reads the task's first message, and writes it down for the daemon.
  ///
  /// - Returns: also the bytes that were read, if another process must compute the task.
  private func begin() throws -> (TaskInitialization, [UInt8]?) {
    guard let place else { return (try TaskInitialization.read(from: connection), nil) }
    let recording = place.routing.isNeeded ? RecordingSource(connection) : nil
    let initialization = try TaskInitialization.read(from: recording ?? connection)
    let functions = TaskFunctions(initialization.calls)
    place.slot.record(functions, place: Self.place(initialization))
    guard let recording, !place.routing.accepts(functions) else { return (initialization, nil) }
    return (initialization, recording.bytes + connection.takeReceived())
  }

  /// Writes all results.
  ///
  /// - Returns: whether the functions took all of the input.
  private func evaluate(_ initialization: TaskInitialization, _ shared: Shared) throws -> Bool {
    guard try connection.peekInt32() == -1 else {
      throw WorkerError(
        .invalidInitialization,
        "no Arrow stream follows the initialisation in the form of Spark "
          + "\(initialization.version.rawValue); is the server of another version?")
    }
    let descriptor = connection.descriptor
    var watch: UInt64?
    defer { if let watch { HangUpWatcher.shared.end(watch) } }
    return try executor.run(
      onStart: { cancel in
        watch = HangUpWatcher.shared.begin(descriptor) {
          shared.progress.withLock { $0.isCancelled = true }
          cancel()
        }
      }
    ) { [service, connection] in
      let reader = try ArrowStreamReader(connection)
      let input = CountedBatches(BatchGenerator { try reader.next() })
      let output = try await service.engine.evaluate(
        initialization.calls, as: initialization.evaluation, input: input,
        worker: context(initialization))
      var writer: ArrowStreamWriter?
      while let batch = try await output.next() {
        try Task.checkCancellation()
        if batch.rowCount == 0 { continue }
        let current: ArrowStreamWriter
        if let writer {
          current = writer
        } else {
          connection.write(SpecialLength.startOfArrowStream)
          shared.progress.withLock { $0.writesArrow = true }
          current = try ArrowStreamWriter(connection, schema: batch.schema)
          writer = current
        }
        try current.write(batch)
        try connection.flush()
        place?.slot.state = .answering
        RowMeter.shared.add(batch.rowCount)
        shared.progress.withLock {
          $0.rowsIn = input.rows
          $0.rowsOut += batch.rowCount
          $0.batchesOut += 1
        }
      }
      shared.progress.withLock { $0.rowsIn = input.rows }
      try writer?.finish()
      shared.progress.withLock { $0.writesArrow = false }
      // A function of columns saw the end, or its number of rows would be wrong; one of batches may
      // have stopped early, and its empty input be unread.
      if !input.isAtEnd, initialization.evaluation.kind == .column { _ = try await input.next() }
      return input.isAtEnd
    }
  }

  private func context(_ initialization: TaskInitialization) -> WorkerContext {
    let identity = initialization.identity
    return WorkerContext(
      filesDirectory: initialization.filesDirectory, partition: initialization.partition,
      stage: identity.stage, attempt: identity.attempt, taskAttempt: identity.taskAttempt,
      cpus: identity.cpus, resources: identity.resources,
      configuration: initialization.runnerConfiguration, models: service.models,
      barrier: identity.barrier.map {
        BarrierChannel(address: $0, prefersIPv6: service.prefersIPv6)
      })
  }

  /// Writes the end of the results, the times and the (empty) accumulators.
  private func finish(
    _ initialization: TaskInitialization, _ shared: Shared, _ start: Timestamps, isComplete: Bool
  ) throws -> End {
    let end = Timestamps()
    let milliseconds = end.steady.milliseconds(since: start.steady)
    connection.write(SpecialLength.timingData)
    // Started, initialised and finished at these times; processing; spilled memory and disk.
    connection.write(start.epoch)
    connection.write(start.epoch)
    connection.write(end.epoch)
    if initialization.version.reportsProcessingTime { connection.write(milliseconds) }
    connection.write(Int64(0))
    connection.write(Int64(0))
    connection.write(SpecialLength.endOfDataSection)
    connection.write(Int32(0))
    try connection.flush()
    // With unread input the connection is in the middle of a stream and of no further use.
    let isReusable = isComplete ? try connection.readInt32() == SpecialLength.endOfStream : false
    connection.write(isReusable ? SpecialLength.endOfStream : SpecialLength.endOfDataSection)
    try connection.flush()
    let progress = shared.progress.withLock { $0 }
    service.log(
      .debug,
      "ended \(Self.place(initialization)): \(progress.rowsIn) rows in, \(progress.rowsOut) rows in "
        + "\(progress.batchesOut) batches out, \(milliseconds) ms")
    if isReusable { return .reusable }
    place?.slot.state = .answered
    connection.drain()
    return .ended
  }

  /// Reports `error` to Spark, unless Spark has gone.
  private func fail(_ error: any Error, _ shared: Shared) {
    let progress = shared.progress.withLock { $0 }
    let place = progress.initialization.map(Self.place) ?? "a task"
    if progress.isCancelled || (error as? WorkerError)?.code == .connectionClosed {
      service.log(.debug, "cancelled \(place)")
      return
    }
    let failure = TaskFailure(error, place: place)
    service.log(.error, failure.text)
    do {
      connection.write(failure.frame(endingArrow: progress.writesArrow))
      try connection.flush()
      self.place?.slot.state = .answered
      connection.drain()
    } catch {
      service.log(.debug, "the error of \(place) did not reach Spark: \(error)")
    }
  }

  private static func place(_ initialization: TaskInitialization) -> String {
    let identity = initialization.identity
    return
      "partition \(initialization.partition), stage \(identity.stage), attempt \(identity.attempt)"
  }
}

/// A time of day, in milliseconds since 1970 as Java counts them, and one for differences.
private struct Timestamps {
  let steady = ContinuousClock.now
  let epoch: Int64

  init() {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    epoch = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension ContinuousClock.Instant {
  fileprivate func milliseconds(since earlier: Self) -> Int64 {
    let (seconds, attoseconds) = (self - earlier).components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
