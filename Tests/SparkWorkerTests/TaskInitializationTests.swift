import ArrowIPC
import NeedletailTesting
import SparkFunctions
import SparkWorker
import Testing

@Suite struct TaskInitializationTests {
  /// A task in which every list has entries.
  static func fullTask(_ evaluation: EvaluationType = .scalarPandasIterator) -> FakeSparkTask {
    var task = FakeSparkTask(
      evaluation,
      calls: [
        FunctionCall(
          arguments: [.init(column: 2), .init(column: 0)], commands: [[1, 2, 3], [4]], resultID: 77),
        FunctionCall(arguments: [.init(column: 1)], commands: [[5]], resultID: 78),
      ])
    task.partition = 5
    task.stage = 6
    task.attempt = 1
    task.taskAttempt = 1 << 40
    task.cpus = 2
    task.resources = ["gpu": ["0", "3"]]
    task.localProperties = ["a": "b", "quoted": "\"\\\u{1}ü"]
    task.filesDirectory = "/files/ü"
    task.includes = ["one.py", "two.zip"]
    task.broadcasts = [-1, -5]
    task.runnerConfiguration = ["spark.sql.session.timeZone": "Europe/Zurich"]
    task.evaluationConfiguration = ["key": "value"]
    task.profiler = "perf"
    return task
  }

  static func read(_ bytes: [UInt8]) throws -> TaskInitialization {
    try TaskInitialization.read(from: MemorySource(bytes))
  }

  @Test(arguments: SparkProtocolVersion.allCases, EvaluationType.allCases)
  func readsEveryField(version: SparkProtocolVersion, evaluation: EvaluationType) throws {
    let task = Self.fullTask(evaluation)
    let source = MemorySource(task.initialization(for: version) + [9])
    let read = try TaskInitialization.read(from: source)
    var rest = [UInt8](repeating: 0, count: 2)
    let left = rest.withUnsafeMutableBytes { source.read(into: $0) }
    #expect(left == 1 && rest[0] == 9, "exactly the message was taken")
    #expect(read.version == version)
    #expect(read.partition == 5)
    #expect(read.identity.stage == 6)
    #expect(read.identity.partition == 5)
    #expect(read.identity.attempt == 1)
    #expect(read.identity.taskAttempt == 1 << 40)
    #expect(read.identity.cpus == 2)
    #expect(read.identity.resources == ["gpu": ["0", "3"]])
    #expect(read.identity.localProperties == ["a": "b", "quoted": "\"\\\u{1}ü"])
    #expect(read.identity.barrier == nil)
    #expect(read.filesDirectory == "/files/ü")
    #expect(read.includes == ["one.py", "two.zip"])
    #expect(read.evaluation == evaluation)
    #expect(read.runnerConfiguration["spark.sql.session.timeZone"] == "Europe/Zurich")
    #expect(read.evaluationConfiguration == (version >= .v4_2 ? ["key": "value"] : [:]))
    #expect(read.profiler == "perf")
    #expect(read.calls == task.calls)
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func readsBarriers(version: SparkProtocolVersion) throws {
    var task = Self.fullTask(.mapInArrow)
    var addresses: [TaskIdentity.BarrierAddress] = [.tcp(port: 4711, secret: "s")]
    if version > .v4_0 { addresses.append(.unix(path: "/tmp/x")) }
    for address in addresses {
      task.barrier = address
      #expect(try Self.read(task.initialization(for: version)).identity.barrier == address)
    }
  }

  @Test func readsNamedArguments() throws {
    var task = Self.fullTask()
    task.calls = [
      FunctionCall(arguments: [.init(column: 1, name: "x")], commands: [[1]], resultID: 1)
    ]
    #expect(try Self.read(task.initialization(for: .v4_1)).calls == task.calls)
  }

  /// The offsets that were noted from a real Spark for a task without properties and resources.
  @Test(arguments: [
    (SparkProtocolVersion.v4_0, 59), (.v4_1, 51),
  ])
  func hasTheLayoutOfRealSparks(version: SparkProtocolVersion, end: Int) throws {
    var task = FakeSparkTask(.scalarPandasIterator, calls: [])
    task.localProperties = [:]
    task.filesDirectory = "MARK"
    let bytes = task.initialization(for: version)
    #expect(Array(bytes[end..<end + 8]) == [0, 0, 0, 4] + Array("MARK".utf8))
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func refusesEveryTruncation(version: SparkProtocolVersion) throws {
    let bytes = Self.fullTask().initialization(for: version)
    for end in 0..<bytes.count {
      #expect(throws: WorkerError.self, "cut at byte \(end)") {
        try Self.read(Array(bytes[..<end]))
      }
      guard version.rawValue == "4.3", end >= 8 else { continue }
      // A frame of the right length around a message that is too short.
      var framed = WireBytes()
      framed.append(Int32(-8))
      framed.append(counted: Array(bytes[8..<end]))
      #expect(throws: WorkerError.self, "frame cut at byte \(end)") { try Self.read(framed.bytes) }
    }
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func survivesDamageAtEveryByte(version: SparkProtocolVersion) throws {
    let bytes = Self.fullTask().initialization(for: version)
    var refused = 0
    for position in bytes.indices {
      for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[position] = value
        // Some damage is invisible (a letter in a name); whatever is thrown is a WorkerError.
        do { _ = try TaskInitialization.read(from: MemorySource(damaged)) } catch { refused += 1 }
      }
    }
    #expect(refused > bytes.count, "most damage is noticed")
  }

  @Test func refusesBytesBehindTheLastField() throws {
    var framed = WireBytes()
    framed.append(Int32(-8))
    framed.append(counted: Self.fullTask().initialization(for: .v4_3)[8...] + [0])
    #expect(message { try Self.read(framed.bytes) }.contains("1 bytes follow"))
  }

  @Test func refusesGiantLengthsWithoutTakingMemory() throws {
    var bytes = WireBytes()
    bytes.append(Int32(-8))
    bytes.append(Int32.max)
    #expect(message { try Self.read(bytes.bytes) }.contains("2147483647"))
  }

  @Test(arguments: [
    (SparkProtocolVersion.v4_3, "native/4.2", "announced Spark 4.2"),
    (.v4_2, "native/4.3", "announced Spark 4.3"),
    (.v4_3, "3.11", "runs Swift functions only"),
    (.v4_0, "3.11", "spark.sql.execution.pyspark.python"),
  ])
  func namesTheWrongVersion(version: SparkProtocolVersion, marker: String, text: String) throws {
    var task = Self.fullTask()
    task.marker = marker
    #expect(message { try Self.read(task.initialization(for: version)) }.contains(text))
  }

  @Test(arguments: SparkProtocolVersion.allCases)
  func refusesBroadcasts(version: SparkProtocolVersion) throws {
    var task = Self.fullTask()
    task.broadcasts = [3]
    let text = message { try Self.read(task.initialization(for: version)) }
    #expect(text.contains("broadcast") && text.contains("Spark \(version.rawValue)"))
  }

  @Test func refusesPythonEvaluations() throws {
    var bytes = Self.fullTask().initialization(for: .v4_1)
    let type = try #require(
      bytes.indices.first { Array(bytes[$0...].prefix(4)) == [0, 0, 0, 204] })
    bytes[type + 3] = 100
    #expect(message { try Self.read(bytes) }.contains("ordinary Python function"))
  }

  @Test(arguments: [
    ("4.3.0", SparkProtocolVersion.v4_3), ("4.0.1", .v4_0), ("4.2.1-SNAPSHOT", .v4_2),
    ("4.4.0", .v4_3), ("3.5.1", nil), ("", nil), ("four", nil), ("4", nil),
  ])
  func readsServerVersions(text: String, version: SparkProtocolVersion?) {
    #expect(SparkProtocolVersion(server: text) == version)
  }

  private func message(_ body: () throws -> Any) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }
}
