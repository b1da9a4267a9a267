package import ArrowIPC
import SparkFunctions

// Layout: Spark's BasePythonRunner and its subclasses, of the released versions 4.0 to 4.3. Integers
// are big-endian.

extension TaskInitialization {
  /// Reads the message from `source`, which stands at its first byte; afterwards at the byte behind.
  ///
  /// - Throws: ``WorkerError``: the message is damaged, of another version than its marker says, or
  ///   asks for something that this worker does not do. Messages name the Spark version, the field
  ///   and the byte.
  package static func read(from source: any ByteSource) throws(WorkerError) -> TaskInitialization {
    var reader = WireReader(source)
    let first = try reader.int32("the first number")
    guard first == SpecialLength.startOfInitialization else {
      return try read(&reader, partition: first, isFramed: false)
    }
    let length = try reader.counted("the initialisation's frame")
    var frame = WireReader(MemorySource(length), limit: length.count)
    let partition = try frame.int32("the partition")
    let message = try read(&frame, partition: partition, isFramed: true)
    if let rest = frame.remaining, rest > 0 {
      throw WorkerError(
        .invalidInitialization,
        "Spark \(message.version.rawValue): \(rest) bytes follow the initialisation's last field "
          + "(byte \(frame.position)); this worker knows Spark 4.0 to 4.3")
    }
    return message
  }

  private static func read(
    _ reader: inout WireReader, partition: Int32, isFramed: Bool
  ) throws(WorkerError) -> TaskInitialization {
    let version = try version(&reader, isFramed: isFramed)
    do throws(WorkerError) {
      guard partition >= 0 else {
        throw WorkerError(
          .invalidInitialization, "\(partition) came where the partition was expected")
      }
      return try body(&reader, Int(partition), version)
    } catch {
      if error.code == .connectionClosed { throw error }
      var error = error
      error.message = "Spark \(version.rawValue): \(error.message)"
      throw error
    }
  }

  /// The version that the client announced, compared with what can be seen.
  private static func version(
    _ reader: inout WireReader, isFramed: Bool
  ) throws(WorkerError) -> SparkProtocolVersion {
    let marker = try reader.text("the client's version")
    let seen = isFramed ? "4.3 or later" : "4.2 or earlier"
    guard let version = SparkProtocolVersion(marker: marker) else {
      throw WorkerError(
        .unsupported,
        "a function for '\(marker.prefix(40))' arrived from Spark \(seen), and this is the "
          + "Needletail worker, which runs Swift functions only. The session's setting "
          + "spark.sql.execution.pyspark.python sends all functions of its queries here; run Python "
          + "functions in another session, or unset it")
    }
    guard version.hasFramedInitialization == isFramed else {
      throw WorkerError(
        .invalidInitialization,
        "the client announced Spark \(version.rawValue), but the message has the form of Spark "
          + "\(seen); the client must send the version of the server that it is connected to")
    }
    return version
  }

  private static func body(
    _ reader: inout WireReader, _ partition: Int, _ version: SparkProtocolVersion
  ) throws(WorkerError) -> TaskInitialization {
    let identity = try identity(&reader, version)
    let filesDirectory = try reader.text("the files directory")
    var includes: [String] = []
    for _ in 0..<(try reader.count("the number of Python files")) {
      includes.append(try reader.text("a Python file"))
    }
    try skipBroadcasts(&reader)
    let evaluation = try EvaluationType(number: try reader.int32("the evaluation type"))
    let runner = try map(&reader, "the runner configuration")
    let settings =
      version.hasResultIDs ? try map(&reader, "the evaluation configuration") : [:]
    var profiler: String?
    if version.hasResultIDs {
      profiler = runner["spark.sql.pyspark.udf.profiler"]
    } else if try reader.bool("whether to profile") {
      profiler = try reader.text("the profiler")
    }
    let hasNames = evaluation.kind == .column || version.hasNamedMapArguments
    var calls: [FunctionCall] = []
    for _ in 0..<(try reader.count("the number of functions")) {
      calls.append(
        try call(
          &reader, hasNames: hasNames, hasResultID: version.hasResultIDs || profiler != nil))
    }
    return TaskInitialization(
      version: version, partition: partition, identity: identity, filesDirectory: filesDirectory,
      includes: includes, evaluation: evaluation, runnerConfiguration: runner,
      evaluationConfiguration: settings, profiler: profiler, calls: calls)
  }

  private static func identity(
    _ reader: inout WireReader, _ version: SparkProtocolVersion
  ) throws(WorkerError) -> TaskIdentity {
    if version.hasJSONTaskContext {
      let start = reader.position
      let text = try reader.counted("the task context")
      do { return try TaskIdentity(json: text) } catch {
        throw reader.invalid(
          "the task context", at: start, "cannot be read: \(error)", cause: error)
      }
    }
    var identity = TaskIdentity()
    let isBarrier = try reader.bool("whether the task is one of a barrier")
    // Spark 4.0 always sends a port and a secret; 4.1 only to the tasks of a barrier.
    if isBarrier || version == .v4_0 {
      let port = try reader.int32("the barrier's port")
      let text = try reader.text("the barrier's secret or path")
      if isBarrier {
        identity.barrier = port == -1 ? .unix(path: text) : .tcp(port: Int(port), secret: text)
      }
    }
    identity.stage = Int(try reader.int32("the stage"))
    identity.partition = Int(try reader.int32("the task's partition"))
    identity.attempt = Int(try reader.int32("the attempt"))
    identity.taskAttempt = try reader.int64("the task attempt")
    identity.cpus = Int(try reader.int32("the number of CPUs"))
    for _ in 0..<(try reader.count("the number of resources")) {
      let key = try reader.text("a resource's key")
      _ = try reader.text("a resource's name")
      var addresses: [String] = []
      for _ in 0..<(try reader.count("the number of a resource's addresses")) {
        addresses.append(try reader.text("a resource's address"))
      }
      identity.resources[key] = addresses
    }
    identity.properties = .listed(try map(&reader, "the local properties"))
    return identity
  }

  private static func map(
    _ reader: inout WireReader, _ field: String
  ) throws(WorkerError) -> [String: String] {
    var entries: [String: String] = [:]
    for _ in 0..<(try reader.count(field)) {
      let key = try reader.text("a key of \(field)")
      entries[key] = try reader.text("the value of \(key.prefix(100)) in \(field)")
    }
    return entries
  }

  /// Plans that come through Spark Connect carry no broadcast variables; a new one is refused, and
  /// there is none to forget.
  private static func skipBroadcasts(_ reader: inout WireReader) throws(WorkerError) {
    let needsServer = try reader.bool("whether broadcasts need decryption")
    let count = try reader.count("the number of broadcasts")
    if needsServer {
      _ = try reader.int32("the decryption server's port")
      _ = try reader.text("the decryption server's secret or path")
    }
    for _ in 0..<count where try reader.int64("a broadcast's number") >= 0 {
      throw WorkerError(
        .unsupported,
        "the query has Python broadcast variables, which the Needletail worker cannot read; pass "
          + "values to functions as parameters or as files")
    }
  }

  private static func call(
    _ reader: inout WireReader, hasNames: Bool, hasResultID: Bool
  ) throws(WorkerError) -> FunctionCall {
    var arguments: [FunctionCall.Argument] = []
    for _ in 0..<(try reader.count("the number of arguments")) {
      let start = reader.position
      let column = Int(try reader.int32("an argument's column"))
      guard column >= 0 else {
        throw reader.invalid("an argument's column", at: start, "is \(column)")
      }
      let isNamed = hasNames ? try reader.bool("whether an argument is named") : false
      arguments.append(
        .init(column: column, name: isNamed ? try reader.text("an argument's name") : nil))
    }
    let start = reader.position
    var commands: [[UInt8]] = []
    for _ in 0..<(try reader.count("the number of chained functions")) {
      commands.append(try reader.counted("a function's command"))
    }
    if commands.isEmpty {
      throw reader.invalid("the number of chained functions", at: start, "is 0")
    }
    return FunctionCall(
      arguments: arguments, commands: commands,
      resultID: hasResultID ? try reader.int64("a result's number") : nil)
  }
}
