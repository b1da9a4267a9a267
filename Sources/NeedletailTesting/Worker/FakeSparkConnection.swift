public import ArrowIPC
import Glibc
public import SparkWorker
import Threads

/// Spark's end of one connection to a worker; it accepts nothing that Spark would not.
///
/// The methods block; ``FakeSpark`` calls them on threads of their own.
public final class FakeSparkConnection: Sendable {
  /// What a task gave.
  public struct Outcome: Sendable {
    /// The result's batches as they came.
    public var batches: [RecordBatch]
    /// The result's schema, `nil` when the worker sent no Arrow stream.
    public var schema: ArrowSchema?
    /// Started, initialised and finished (milliseconds since 1970), from Spark 4.2 on the
    /// milliseconds of processing, and the bytes spilled to memory and disk.
    public var timing: [Int64]
    /// Whether the connection can carry another task.
    public var isReusable: Bool
  }

  /// The process id that the worker gave.
  public let processID: Int32
  /// The version of the protocol that is spoken.
  public let version: SparkProtocolVersion
  private let connection: WorkerConnection

  /// Greets the worker at the other end.
  ///
  /// - Parameter secret: what the worker expects (TCP only).
  package init(
    _ connection: WorkerConnection, version: SparkProtocolVersion, secret: String?,
    processID: Int32? = nil
  ) throws {
    self.connection = connection
    self.version = version
    if let processID {
      self.processID = processID
    } else {
      self.processID = try Self.translated { try connection.readInt32() }
    }
    guard self.processID > 0, kill(self.processID, 0) == 0 else {
      throw FakeSparkError(
        .protocolViolation, "the worker says it is process \(self.processID), which does not exist")
    }
    guard let secret else { return }
    try Self.translated {
      let answer = try connection.answer(toSecret: secret)
      guard answer == "ok" else {
        throw FakeSparkError(.protocolViolation, "the worker answered the secret with '\(answer)'")
      }
    }
  }

  /// Sends `task` and `batches` and takes the results, both at the same time as Spark does.
  ///
  /// - Throws: ``FakeSparkError``; after a failure the connection is closed.
  public func run(
    _ task: FakeSparkTask, on batches: [RecordBatch], schema: ArrowSchema
  ) throws -> Outcome {
    let initialization = task.initialization(for: version, isUnix: false)
    // A worker may fail before it has read everything, so that writing may fail too; what counts is
    // what it says.
    return try outcome { [connection] in
      try connection.send(initialization)
      let writer = try ArrowStreamWriter(connection, schema: schema)
      for batch in batches {
        try writer.write(batch)
        try connection.flush()
      }
      try writer.finish()
      connection.write(SpecialLength.endOfStream)
      try connection.flush()
    }
  }

  /// Sends raw bytes and takes what comes for them as the results of a task.
  ///
  /// - Throws: ``FakeSparkError`` if the worker reports a failure, goes away or breaks the
  ///   protocol.
  public func run(raw bytes: [UInt8]) throws -> Outcome {
    try outcome { [connection] in try connection.send(bytes) }
  }

  /// What the worker answers while a thread of its own writes.
  private func outcome(_ write: @escaping @Sendable () throws -> Void) throws -> Outcome {
    let isWritten = RunGate(.limited(0))
    Thread.start {
      try? write()
      isWritten.leave()
    }
    defer { isWritten.enter() }
    do {
      return try Self.translated { try receive() }
    } catch {
      close()
      throw error
    }
  }

  /// Sends the beginning of a task, and then nothing.
  ///
  /// - Throws: ``FakeSparkError`` if the worker goes away.
  public func begin(
    _ task: FakeSparkTask, on batches: [RecordBatch], schema: ArrowSchema
  ) throws {
    try Self.translated {
      try connection.send(task.initialization(for: version))
      let writer = try ArrowStreamWriter(connection, schema: schema)
      for batch in batches { try writer.write(batch) }
      try connection.flush()
    }
  }

  /// Waits for the beginning of the results and takes the first batch.
  ///
  /// - Throws: ``FakeSparkError`` if the worker reports a failure, goes away or breaks the
  ///   protocol.
  public func firstBatch() throws -> RecordBatch? {
    try Self.translated {
      let first = try connection.readInt32()
      if first != SpecialLength.startOfArrowStream { _ = try section(first) }
      return try ArrowStreamReader(connection).next()
    }
  }

  /// Closes the connection at once, as Spark does when a query is cancelled or has enough rows.
  public func close() { shutdown(connection.descriptor, Int32(SHUT_RDWR)) }

  /// Waits until the worker has closed its end.
  public func waitForClose() {
    connection.drain()
  }

  private func receive() throws -> Outcome {
    var batches: [RecordBatch] = []
    var schema: ArrowSchema?
    var next = try connection.readInt32()
    if next == SpecialLength.startOfArrowStream {
      let reader = try ArrowStreamReader(connection)
      batches = try reader.readAll()
      schema = reader.schema
      if batches.isEmpty {
        throw FakeSparkError(.protocolViolation, "the worker sent an Arrow stream without a batch")
      }
      next = try connection.readInt32()
    }
    guard try section(next) == SpecialLength.timingData else {
      throw FakeSparkError(.protocolViolation, "\(next) came where the timing was expected")
    }
    var timing: [Int64] = []
    for _ in 0..<(version >= .v4_2 ? 6 : 5) { timing.append(try connection.readInt64()) }
    guard timing[0] <= timing[1], timing[1] <= timing[2] else {
      throw FakeSparkError(.protocolViolation, "the times are not in order: \(timing)")
    }
    next = try connection.readInt32()
    guard try section(next) == SpecialLength.endOfDataSection else {
      throw FakeSparkError(.protocolViolation, "\(next) came where the end of data was expected")
    }
    let accumulators = try connection.readInt32()
    guard accumulators == 0 else {
      throw FakeSparkError(.protocolViolation, "\(accumulators) accumulators, expected none")
    }
    let end = try connection.readInt32()
    guard end == SpecialLength.endOfStream || end == SpecialLength.endOfDataSection else {
      throw FakeSparkError(
        .protocolViolation, "\(end) came where the end of the stream was expected")
    }
    return Outcome(
      batches: batches, schema: schema, timing: timing,
      isReusable: end == SpecialLength.endOfStream)
  }

  /// The section that `number` begins, unless it is the worker's report of a failure.
  private func section(_ number: Int32) throws -> Int32 {
    if number == SpecialLength.exceptionThrown {
      throw FakeSparkError(.taskFailed, try connection.readText())
    }
    return number
  }

  private static func translated<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as WorkerError {
      throw FakeSparkError(
        error.code == .connectionClosed ? .workerLost : .protocolViolation, error.message,
        cause: error)
    } catch let error as ArrowError {
      throw FakeSparkError(
        .protocolViolation, "the results are no Arrow stream: \(error)", cause: error)
    }
  }
}

extension WorkerConnection {
  fileprivate func send(_ bytes: [UInt8]) throws {
    try write([ArrowBuffer(copying: bytes)])
    try flush()
  }
}
