import NeedletailTesting
import SparkConnect
import Testing

@testable import Diagnosis

/// What is found on servers that are right but for one thing.
struct RemoteCheckTests {
  /// A server of which each way can be closed.
  struct FakeServer: ServerAccess {
    enum Way: Sendable {
      case address, name, port, greeting, open, executableSetting, columnarSetting, smallFile
      case largeFile, executors, runtimes, roundTrip
    }

    struct Refusal: Error, CustomStringConvertible {
      var description: String
    }

    var closed: [Way: any Error] = [:]
    var tls = false
    var says = Greeting.http2
    /// The address of a cloud's session.
    var cloud: String?
    /// What the cloud says of it; `nil` for that it is there.
    var cloudError: SparkError?
    var sparkVersion = "4.3.0"
    var engine: ServerEngine?
    var workers = [RemoteCheckTests.executor()]
    var found = RuntimeLibrary.all.map {
      RuntimeFacts(name: $0.name, version: "1.0.0", path: "/lib/x.so")
    }
    var time = Duration.milliseconds(40)
    var mode = ExecutionMode.auto
    var chosen = ChosenMode.direct

    private func go(_ way: Way) throws {
      if let error = closed[way] { throw error }
    }

    func target() throws -> ConnectionString {
      try go(.address)
      if let cloud { return try ConnectionString(cloud, environment: [:]) }
      return try ConnectionString("sc://spark:15002/;use_ssl=\(tls)", environment: [:])
    }
    func resolve() async throws -> ConnectionString {
      if let cloudError { throw cloudError }
      return try target()
    }
    func address() throws -> String {
      try go(.name)
      return "10.0.0.7"
    }
    func connect() async throws { try go(.port) }
    func greeting() async throws -> Greeting {
      try go(.greeting)
      return says
    }
    func open() async throws { try go(.open) }
    func version() throws -> String { sparkVersion }
    func otherEngine() async throws -> ServerEngine? { engine }
    func executionMode() throws -> ExecutionMode { mode }
    func chosenMode() throws -> ChosenMode { chosen }
    func set(_ key: String, _ value: String) async throws {
      try go(key.contains("columnarInput") ? .columnarSetting : .executableSetting)
    }
    func send(_ byteCount: Int) async throws { try go(byteCount > 1000 ? .largeFile : .smallFile) }
    func executors() async throws -> [ExecutorFacts] {
      try go(.executors)
      return workers
    }
    func runtimes() async throws -> [ExecutorRuntimes] {
      try go(.runtimes)
      return [ExecutorRuntimes(hostName: "a", process: 1, runtimes: found)]
    }
    func roundTrip(rows: Int) async throws -> Duration {
      try go(.roundTrip)
      return time
    }
    func close() async {}
  }

  private static func executor(
    host: String = "a", gpus: GPUFacts = GPUFacts(), assigned: [String] = [],
    isExecutable: Bool = true, architecture: String = "x86_64", level: Int? = nil
  ) -> ExecutorFacts {
    let folder = FolderFacts(path: "/tmp", problem: nil, isExecutable: isExecutable, free: 1 << 30)
    return ExecutorFacts(
      hostName: host, process: 1,
      host: HostFacts(
        system: "Ubuntu 24.04", architecture: architecture, level: level, glibc: "2.39", cores: 8,
        memory: 16 << 30, gpus: gpus),
      files: folder, temporary: folder, assignedGPUs: assigned)
  }

  /// A server with one fault, the check that finds it, and what that says.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var server: FakeServer
    var key: String
    var status: Finding.Status = .fail
    var says: String
    var remedy: String

    var testDescription: String { name }
  }

  private static func closed(
    _ way: FakeServer.Way, _ text: String, tls: Bool = false
  ) -> FakeServer {
    FakeServer(closed: [way: FakeServer.Refusal(description: text)], tls: tls)
  }

  private static func refusing(_ kind: SparkError.Kind, _ text: String) -> FakeServer {
    FakeServer(closed: [.open: SparkError(kind, text)])
  }

  @Test("a cloud's session is asked for first, and a web socket needs no HTTP/2")
  func clouds() async throws {
    var server = FakeServer(says: .tls(application: "http/1.1"), cloud: "dataproc://p/r/s")
    let found = try await AddressCheck(server: server).run()
    #expect(found.text.contains("the session s of Dataproc in projects/p/locations/r is at"))
    #expect(found.text.contains("through web sockets"))
    #expect(try await TLSCheck(server: server).run().status == .ok)
    server.closed = [.open: SparkError(.unauthenticated, "no")]
    #expect(try await ConnectCheck(server: server).run().remedy?.contains("session s") == true)

    server.cloudError = SparkError(.session, "the session s of Dataproc is FAILED: no quota")
    let ended = try await AddressCheck(server: server).run()
    #expect(ended.status == .fail && ended.text.contains("no quota"))
  }

  private static let gpus = GPUFacts(
    devices: [GPUFacts.Device(name: "NVIDIA L4", memory: 24 << 30)], cuda: "12.4")

  private static let ways: [Case] = [
    Case(
      name: "no address", server: closed(.address, "it does not begin with sc://"), key: "address",
      says: "it does not begin with sc://", remedy: "sc://host:port/"),
    Case(
      name: "unknown name", server: closed(.name, "Name or service not known"), key: "name",
      says: "spark is not known here: Name or service not known", remedy: "getent hosts"),
    Case(
      name: "closed port", server: closed(.port, "connect: Connection refused (errno: 111)"),
      key: "tcp", says: "port 15002 of spark takes no connection",
      remedy: "sbin/start-connect-server.sh"),
    Case(
      name: "firewall", server: closed(.port, "connectTimeout(5 s)"), key: "tcp", says: "Timeout",
      remedy: "'Please open TCP port 15002 for my machine'"),
    Case(
      name: "other trouble with the port", server: closed(.port, "what?"), key: "tcp",
      says: "what?", remedy: "Ask the operator"),
    Case(
      name: "TLS unasked for", server: FakeServer(says: .tls(application: nil)), key: "tls",
      says: "the server speaks TLS", remedy: "--remote 'sc://spark:15002/;use_ssl=true'"),
    Case(
      name: "a web server", server: FakeServer(says: .http1("HTTP/1.1 400 Bad Request")),
      key: "tls", says: "'HTTP/1.1 400 Bad Request'", remedy: "15002"),
    Case(
      name: "no TLS there", server: closed(.greeting, "SSL: WRONG_VERSION_NUMBER", tls: true),
      key: "tls", says: "WRONG_VERSION_NUMBER", remedy: "use_ssl=false"),
    Case(
      name: "unknown authority",
      server: closed(.greeting, "SSL: CERTIFICATE_VERIFY_FAILED", tls: true), key: "tls",
      says: "CERTIFICATE_VERIFY_FAILED", remedy: "ca_file=/path/of/ca.pem"),
    Case(
      name: "another name",
      server: closed(.greeting, "NIOSSLExtraError.failedToValidateHostname", tls: true),
      key: "tls", says: "failedToValidateHostname", remedy: "add spark to the names"),
    Case(
      name: "no HTTP/2", server: FakeServer(tls: true, says: .tls(application: nil)), key: "tls",
      status: .warn, says: "does not offer HTTP/2", remedy: "alpn h2"),
    Case(
      name: "silence", server: FakeServer(says: .unknown), key: "tls", status: .warn,
      says: "does not say what it speaks", remedy: "'Is this the port of Spark Connect"),
    Case(
      name: "wrong token",
      server: refusing(.unauthenticated, "refuses the request: Invalid authentication token"),
      key: "grpc", says: "Invalid authentication token",
      remedy: "export SPARK_CONNECT_AUTHENTICATE_TOKEN=TOKEN"),
    Case(
      name: "a proxy without a server",
      server: refusing(.unavailable, "Unexpected non-200 HTTP Status Code (502)."), key: "grpc",
      says: "(502)", remedy: "grpc_pass"),
    Case(
      name: "another refusal", server: refusing(.server, "no"), key: "grpc", says: "no",
      remedy: "Does a Spark Connect server of Spark 4 answer"),
    Case(
      name: "Spark 3.5", server: FakeServer(sparkVersion: "3.5.8"), key: "version",
      says: "tables and SQL work there, functions and predictions do not",
      remedy: "Please give me a Spark 4.0 to 4.3"),
    Case(
      name: "Sail",
      server: FakeServer(
        sparkVersion: "4.1.3", engine: ServerEngine(version: "0.7.2", catalog: "sail")),
      key: "version",
      says: "not Spark but another engine that speaks Spark Connect (its version() is '0.7.2'",
      remedy: "predict on this machine without a server"),
    Case(
      name: "Sail with a PySpark that it does not know",
      server: refusing(.server, "invalid argument: unsupported PySpark version: 4.3.0"),
      key: "grpc",
      says: "unsupported PySpark version", remedy: "pyspark-client 4.1"),
    Case(
      name: "Spark 4.4", server: FakeServer(sparkVersion: "4.4.0"), key: "version", status: .warn,
      says: "newer than this program", remedy: "a newer version of this program"),
    Case(
      name: "no version", server: FakeServer(sparkVersion: "sail"), key: "version", status: .warn,
      says: "the server calls it 'sail'", remedy: "Ask the operator"),
    Case(
      name: "lost with the setting", server: closed(.executableSetting, "gone"),
      key: "settings", says: "gone", remedy: "Ask the operator"),
    Case(
      name: "refused setting, and no other way wanted", server: keepingPython(mode: .direct),
      key: "settings",
      says: "spark.sql.execution.pyspark.python ([CANNOT_MODIFY_CONFIG]), and no",
      remedy: "--execution-mode auto or shim"),
    Case(
      name: "another refused setting", server: closed(.columnarSetting, "no"), key: "settings",
      says: "columnarInput.enabled: no", remedy: "NEEDLETAIL_COLUMNAR_INPUT=spark"),
    Case(
      name: "no files", server: closed(.smallFile, "not allowed"), key: "artifacts",
      says: "the server takes no file: not allowed", remedy: "NEEDLETAIL_WORKER="),
    Case(
      name: "small files only", server: closed(.largeFile, "status: 413"), key: "artifacts",
      says: "none of 2 MiB: status: 413", remedy: "client_max_body_size 0"),
  ]

  private static let executors: [Case] = [
    Case(
      name: "noexec on executors",
      server: closed(.executors, "Cannot run program \"./n/bin/p\": error=13, Permission denied"),
      key: "worker", says: "no worker starts", remedy: "without noexec"),
    Case(
      name: "no executors", server: FakeServer(workers: []), key: "worker",
      says: "no worker has answered", remedy: "stderr"),
    Case(
      name: "different processors",
      server: FakeServer(workers: [executor(), executor(host: "b", architecture: "aarch64")]),
      key: "executors", status: .warn, says: "aarch64, x86_64", remedy: "the same system"),
    Case(
      name: "noexec for temporary files",
      server: FakeServer(workers: [executor(isExecutable: false)]),
      key: "executor-folders", status: .warn, says: "/tmp on a cannot be started (noexec)",
      remedy: "spark.executorEnv.TMPDIR"),
    Case(
      name: "no ONNX Runtime", server: FakeServer(found: [RuntimeFacts(name: "ONNX Runtime")]),
      key: "executor-onnxruntime", status: .warn, says: "none found on a",
      remedy: "pip install onnxruntime"),
    Case(
      name: "broken TensorFlow",
      server: FakeServer(found: [RuntimeFacts(name: "TensorFlow", path: "/x", problem: "cut")]),
      key: "executor-tensorflow", says: "cannot be used on a: cut",
      remedy: "NEEDLETAIL_SHIP=tensorflow"),
    Case(
      name: "library that ends the process", server: closed(.runtimes, "[WORKER_LOST] gone"),
      key: "executor-torch", says: "[WORKER_LOST] gone", remedy: "NEEDLETAIL_SHIP=torch"),
    Case(
      name: "GPUs that are not assigned", server: FakeServer(workers: [executor(gpus: gpus)]),
      key: "executor-gpus", status: .warn,
      says: "NVIDIA L4 (24 GiB), CUDA 12.4, which Spark assigns",
      remedy: "spark.task.resource.gpu.amount"),
    Case(
      name: "slow", server: FakeServer(time: .seconds(8)), key: "round-trip", status: .warn,
      says: "in 8000 ms", remedy: "ping"),
    Case(
      name: "damaged rows", server: closed(.roundTrip, "row 7 came back as another one"),
      key: "round-trip", says: "row 7 came back", remedy: "network"),
  ]

  /// A server that lets no session choose its worker.
  private static func keepingPython(
    mode: ExecutionMode = .auto, _ closed: [FakeServer.Way: any Error] = [:]
  ) -> FakeServer {
    let refusal = SparkError(.server, "[CANNOT_MODIFY_CONFIG]")
    let chosen = ChosenMode.shim(reason: "the server does not let the session choose")
    return FakeServer(
      closed: closed.merging([.executableSetting: refusal]) { $1 }, mode: mode, chosen: chosen)
  }

  private static let otherWays: [Case] = [
    Case(
      name: "refused setting", server: keepingPython(), key: "settings", status: .warn,
      says: "spark.sql.execution.pyspark.python ([CANNOT_MODIFY_CONFIG]), so that",
      remedy: "'Please let sessions of Spark Connect set spark.sql.execution.pyspark.python"),
    Case(
      name: "a setting that has no effect",
      server: FakeServer(chosen: .shim(reason: "the executors start their Python 3.11")),
      key: "worker", status: .warn,
      says: "(execution mode shim), with more work for each row, since the executors start their",
      remedy: "'Please let sessions of Spark Connect set spark.sql.execution.pyspark.python"),
    Case(
      name: "neither way",
      server: keepingPython([
        .executors: SparkError(.server, "Cannot run program \"python3\": error=2, No such file")
      ]), key: "worker",
      says: "neither way works. Direct: the server refuses spark.sql.execution.pyspark.python",
      remedy: "nothing else changes'. For the other way: Ask the operator: 'Please install Python 3"
    ),
    Case(
      name: "neither way, and nobody knows why",
      server: keepingPython([.executors: SparkError(.server, "what?")]), key: "worker",
      says: "Shim, through the executors' own Python: what?",
      remedy: "For the other way: Ask the operator: 'What does the log of an executor"),
    Case(
      name: "no pyarrow for the way that was asked for",
      server: keepingPython(
        mode: .shim, [.executors: SparkError(.server, "No module named 'pyarrow'")]),
      key: "worker", says: "no worker starts through the executors' own Python",
      remedy: "'Please install the module that the message names"),
    Case(
      name: "another version of Python",
      server: keepingPython(
        mode: .shim, [.executors: SparkError(.server, "[PYTHON_VERSION_MISMATCH] 3.11")]),
      key: "worker", says: "no worker starts", remedy: "NEEDLETAIL_EXECUTOR_PYTHON"),
  ]

  @Test("a server that keeps its Python is gone through by way of that")
  func shim() async throws {
    // Settings that make direct queries faster are not missed.
    for (mode, status) in [(ExecutionMode.auto, Finding.Status.warn), (.shim, .ok)] {
      let server = Self.keepingPython(mode: mode, [.columnarSetting: SparkError(.server, "no")])
      let report = try await Examination.remote(server, version: "0.1.0").run()
      #expect(report.isHealthy, "\(report.checks.map(\.text))")
      let rest = report.checks.filter { $0.key != "settings" }
      #expect(rest.allSatisfy { $0.status == .ok }, "\(report.checks.map(\.text))")
      let settings = try #require(report.checks.first { $0.key == "settings" })
      #expect(settings.status == status && settings.facts["mode"] == "shim")
      let worker = try #require(report.checks.first { $0.key == "worker" })
      #expect(worker.finding.hasSuffix("through the executors' own Python (execution mode shim)"))
      #expect(worker.facts["mode"] == "shim")
    }
    // A connection that is lost meanwhile is no refusal.
    let lost = Self.keepingPython([.columnarSetting: SparkError(.unavailable, "lost")])
    #expect(try await SettingsCheck(server: lost).run().status == .fail)
  }

  @Test("each fault has its finding and its remedy", arguments: ways + executors + otherWays)
  func finding(_ example: Case) async throws {
    let report = try await Examination.remote(example.server, version: "0.1.0").run()
    let entry = try #require(report.checks.first { $0.key == example.key })
    #expect(entry.status == example.status)
    #expect(entry.finding.contains(example.says), "\(entry.finding)")
    #expect(entry.remedy?.contains(example.remedy) == true, "\(entry.remedy ?? "")")
    #expect(report.isHealthy == (example.status == .warn))
  }

  @Test("where the program is installed, a server that takes no file is worth a warning")
  func installed() async throws {
    for way in [FakeServer.Way.smallFile, .largeFile] {
      let server = Self.closed(way, "no")
      let found = try await ArtifactsCheck(server: server, installed: "/opt/needletail").run()
      #expect(found.status == .warn && found.text.contains("on the executors (/opt/needletail)"))
      #expect(found.remedy?.contains("use models on a server") == true)
      let worker = try await WorkerCheck(server: server, isInstalled: true).run()
      #expect(worker.status == .ok && worker.text.contains("1 host, started within"))
    }
  }

  @Test(
    "executors with older processors than this machine's are told",
    arguments: [
      ([3, 2], 4, Finding.Status.warn, "x86-64-v2, x86-64-v3"), ([4, 4], 4, .ok, "x86-64-v4"),
      ([4, 3], 2, .ok, "x86-64-v3, x86-64-v4"), ([nil], 4, .ok, "x86_64"),
      ([2], nil, .ok, "x86-64-v2"),
    ] as [([Int?], Int?, Finding.Status, String)])
  func processors(levels: [Int?], own: Int?, status: Finding.Status, says: String) async throws {
    let server = FakeServer(
      workers: levels.enumerated().map { Self.executor(host: "h\($0.offset)", level: $0.element) })
    let found = try await ExecutorsCheck(server: server, ownLevel: own).run()
    #expect(found.status == status)
    #expect(found.text.hasPrefix("Ubuntu 24.04, \(says), glibc 2.39, "), "\(found.text)")
    #expect(found.text.contains("This machine has x86-64-v4") == (status == .warn))
    #expect(found.facts["processor"] == says)
  }

  @Test("what a step needs is skipped with it")
  func skipping() async throws {
    for way in Self.ways where way.status == .fail {
      let report = try await Examination.remote(way.server, version: "0.1.0").run()
      let worker = try #require(report.checks.first { $0.key == "worker" })
      #expect(worker.status == .skip, "\(way.name)")
      #expect(report.checks.last?.status == .skip, "\(way.name)")
    }
  }

  @Test("a healthy server is healthy")
  func healthy() async throws {
    let server = FakeServer(workers: [
      Self.executor(), Self.executor(host: "b", gpus: Self.gpus, assigned: ["0"]),
    ])
    let report = try await Examination.remote(server, version: "0.1.0").run()
    #expect(report.checks.allSatisfy { $0.status == .ok }, "\(report.checks.map(\.text))")
    #expect(report.server == "spark:15002")
    #expect(
      report.checks.first { $0.key == "worker" }?.finding.hasPrefix("2 processes on 2 hosts")
        == true
    )
  }

  @Test("of 4.1 no setting is tried that came later")
  func settings() {
    #expect(SettingsCheck.others("4.1.4").map { $0.value } == ["16777216b"])
    #expect(SettingsCheck.others("4.2.0").map { $0.value } == ["16777216b", "false"])
  }

  @Test(
    "why a worker does not start",
    arguments: [
      ("/lib/libc.so.6: version `GLIBC_2.38' not found", "build it there"),
      ("error while loading shared libraries: libz.so.1: No such file", "install the library"),
      ("Cannot run program: error=13, Permission denied", "without noexec"),
      ("Cannot run program: error=8, Exec format error", "another processor"),
      ("Cannot run program: error=2, No such file or directory", "NEEDLETAIL_WORKER"),
      ("[BUILD_MISMATCH] the driver is build 1", "another build"),
      ("_pickle.UnpicklingError: invalid load key, 'N'.", "starts its own Python"),
      ("[INVALID_INITIALIZATION] is the server of another version?", "changed the protocol"),
      ("Initial job has not accepted any resources", "free executors"),
      ("EOFException occurred while reading the port number", "memoryOverhead"),
      ("not implemented: map in arrow", "another engine"),
    ])
  func workers(_ text: String, _ remedy: String) {
    let found = WorkerFailure.remedy(for: text) ?? ""
    #expect(found.contains(remedy), "\(found)")
  }

  @Test("a text without a sign has no remedy of its own")
  func unknown() {
    #expect(WorkerFailure.remedy(for: "something else") == nil)
    #expect(ConnectCheck.httpStatus(in: "Received http2 header with status: 413") == 413)
    #expect(ConnectCheck.httpStatus(in: "no server answers at h:15002") == nil)
  }

  @Test("first bytes tell the protocol")
  func greetings() {
    #expect(Greeting([0, 0, 18, 4, 0, 0, 0, 0, 0]) == .http2)
    #expect(Greeting([0x15, 3, 1, 0, 2]) == .tls(application: nil))
    let answer = Array("HTTP/1.1 400 Bad Request\r\nX".utf8)
    #expect(Greeting(answer) == .http1("HTTP/1.1 400 Bad Request"))
    #expect(Greeting([0, 0]) == nil)
    #expect(Greeting(Array("SSH-2.0".utf8)) == nil)
  }

  @Test("a server that runs is gone through as far as it goes")
  func realConnection() async throws {
    let server = FakeConnectServer(token: "secret")
    let remote = try await server.remote
    // This program declares no functions, so that no worker can be asked for.
    let report = try await Examination.remote(remote, version: "0.1.0").run()
    let states = Dictionary(uniqueKeysWithValues: report.checks.map { ($0.key, $0.status) })
    for key in ["address", "name", "tcp", "tls", "grpc", "version", "settings", "artifacts"] {
      #expect(states[key] == .ok, "\(report.checks.map(\.text))")
    }
    #expect(states["worker"] == .fail && states["round-trip"] == .skip)
    #expect(server.settings.isEmpty)
    #expect(server.artifacts.map { $0.size } == [64, 2 << 20])
    let json = try report.json()
    #expect(!json.contains("secret"))
    let stranger = "sc://127.0.0.1:\(try await server.port)/;token=wrong"
    let refused = try await Examination.remote(stranger, version: "0.1.0").run()
    let entry = try #require(refused.checks.first { $0.key == "grpc" })
    #expect(entry.status == .fail && entry.remedy?.contains("token=TOKEN") == true)
    await server.stop()
  }
}
