import ArrowIPC
import JSONText
public import SparkFunctions
public import SparkWorker

/// One task as Spark would send it: everything that precedes the rows.
public struct FakeSparkTask: Sendable {
  /// How the functions take their rows.
  public var evaluation: EvaluationType
  /// The functions, and the columns of the input that each gets.
  public var calls: [FunctionCall]
  /// The partition that the task computes, from 0.
  public var partition = 0
  /// Spark's number of the stage.
  public var stage = 0
  /// How often this partition was tried before.
  public var attempt = 0
  /// Spark's number of the attempt among those of all tasks.
  public var taskAttempt: Int64 = 0
  /// Cores that the task occupies.
  public var cpus = 1
  /// Addresses by the resource's name, such as `["gpu": ["0"]]`.
  public var resources: [String: [String]] = [:]
  /// Where the stage's tasks meet; makes the task one of a barrier stage.
  public var barrier: TaskIdentity.BarrierAddress?
  /// Properties of the job that the driver set.
  public var localProperties: [String: String] = ["spark.job.description": "a \"fake\" job\n"]
  /// Where files that the driver added lie.
  public var filesDirectory = "."
  /// Python files and archives that the driver added.
  public var includes: [String] = []
  /// Numbers of broadcast variables; negative ones ask to forget a variable.
  public var broadcasts: [Int64] = []
  /// Spark's settings for the evaluation.
  public var runnerConfiguration: [String: String] = ["spark.sql.session.timeZone": "UTC"]
  /// Settings of the kind of evaluation alone, which Spark has since 4.2.
  public var evaluationConfiguration: [String: String] = [:]
  /// The profiler that the session asked for, `nil` for none.
  public var profiler: String?
  /// What the client put into `python_ver`; the version's own marker if `nil`.
  public var marker: String?

  public init(_ evaluation: EvaluationType, calls: [FunctionCall]) {
    self.evaluation = evaluation
    self.calls = calls
  }

  /// The message that begins the task, as Spark `version` writes it.
  ///
  /// - Parameters:
  ///   - version: whose form the message has.
  ///   - isUnix: whether Spark speaks over Unix sockets.
  public func initialization(for version: SparkProtocolVersion, isUnix: Bool = false) -> [UInt8] {
    var body = WireBytes()
    body.append(Int32(partition))
    body.append(text: marker ?? version.marker)
    switch version {
    case .v4_0, .v4_1: appendContext(to: &body, version)
    case .v4_2, .v4_3: body.append(text: jsonContext(version, isUnix: isUnix))
    }
    body.append(text: filesDirectory)
    body.append(Int32(includes.count))
    for include in includes { body.append(text: include) }
    body.append(false)
    body.append(Int32(broadcasts.count))
    for broadcast in broadcasts {
      body.append(broadcast)
      if broadcast >= 0 { body.append(text: "broadcast-\(broadcast)") }
    }
    body.append(evaluation.rawValue)
    var runner = runnerConfiguration
    let hasMaps = version >= .v4_2
    if hasMaps, let profiler { runner["spark.sql.pyspark.udf.profiler"] = profiler }
    append(runner, to: &body)
    if hasMaps {
      append(evaluationConfiguration, to: &body)
    } else {
      body.append(profiler != nil)
      if let profiler { body.append(text: profiler) }
    }
    body.append(Int32(calls.count))
    let hasNames = hasMaps || evaluation != .mapInArrow
    for call in calls {
      body.append(Int32(call.arguments.count))
      for argument in call.arguments {
        body.append(Int32(argument.column))
        if hasNames {
          body.append(argument.name != nil)
          if let name = argument.name { body.append(text: name) }
        }
      }
      body.append(Int32(call.commands.count))
      for command in call.commands { body.append(counted: command) }
      if hasMaps || profiler != nil { body.append(call.resultID ?? 1) }
    }
    guard version >= .v4_3 else { return body.bytes }
    var framed = WireBytes()
    framed.append(SpecialLength.startOfInitialization)
    framed.append(counted: body.bytes)
    return framed.bytes
  }

  private func append(_ entries: [String: String], to body: inout WireBytes) {
    body.append(Int32(entries.count))
    for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
      body.append(text: key)
      body.append(text: value)
    }
  }

  private func appendContext(to body: inout WireBytes, _ version: SparkProtocolVersion) {
    body.append(barrier != nil)
    switch barrier {
    case .tcp(let port, let secret):
      body.append(Int32(port))
      body.append(text: secret)
    case .unix(let path):
      body.append(Int32(-1))
      body.append(text: path)
    case nil:
      if version == .v4_0 {
        body.append(Int32(0))
        body.append(text: "")
      }
    }
    body.append(Int32(stage))
    body.append(Int32(partition))
    body.append(Int32(attempt))
    body.append(taskAttempt)
    body.append(Int32(cpus))
    body.append(Int32(resources.count))
    for (name, addresses) in resources.sorted(by: { $0.key < $1.key }) {
      body.append(text: name)
      body.append(text: name)
      body.append(Int32(addresses.count))
      for address in addresses { body.append(text: address) }
    }
    append(localProperties, to: &body)
  }

  private func jsonContext(_ version: SparkProtocolVersion, isUnix: Bool) -> String {
    var connection = JSONValue.integer(-1)
    var secret = isUnix ? JSONValue.null : .string("unused")
    switch barrier {
    case .tcp(let port, let value):
      connection = .integer(Int64(port))
      secret = .string(value)
    case .unix(let path):
      connection = .string(path)
      secret = .null
    case nil: break
    }
    let resources = resources.sorted { $0.key < $1.key }.map { name, addresses in
      let members: [(String, JSONValue)] = [
        ("name", .string(name)), ("addresses", .array(addresses.map { .string($0) })),
      ]
      return (name, JSONValue.object(members))
    }
    let properties = localProperties.sorted { $0.key < $1.key }.map {
      ($0.key, JSONValue.string($0.value))
    }
    var fields: [(String, JSONValue)] = [
      ("isBarrier", .bool(barrier != nil)), ("connInfo", connection), ("secret", secret),
      ("stageId", .integer(Int64(stage))), ("partitionId", .integer(Int64(partition))),
      ("attemptNumber", .integer(Int64(attempt))), ("taskAttemptId", .integer(taskAttempt)),
      ("cpus", .integer(Int64(cpus))), ("resources", .object(resources)),
      ("localProperties", .object(properties)),
    ]
    if version >= .v4_3 { fields.insert(("cpuAmount", .string("\(cpus)")), at: 8) }
    var writer = JSONWriter()
    writer.write(.object(fields))
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
