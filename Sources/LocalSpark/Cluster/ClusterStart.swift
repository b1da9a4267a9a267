import FoundationEssentials
import Glibc
import HostProcesses

/// One start of a cluster: processes are started one after the other, each when the one before has told
/// that it is there.
struct ClusterStart {
  let options: ClusterOptions
  let folder: ClusterFolder
  /// The GPUs of each worker; empty without any.
  let gpus: [[String]]
  /// The tables of its catalog; `nil` if the installation cannot keep their names.
  private let tables: ClusterTables?
  private let discovery: GPUDiscovery?
  /// With which the cluster's processes know each other: without it whoever is on this machine could give
  /// the master something to run.
  private let secret = UUID().uuidString
  private let environment: [String: String]
  private(set) var record: ClusterRecord

  /// Looks whether the cluster can be had at all; nothing is started.
  ///
  /// - Throws: ``NeedletailError`` if the installation has no Spark Connect, the port is taken, there are
  ///   not as many GPUs, or there is no place for the tables.
  init(_ options: ClusterOptions, in folder: ClusterFolder) throws {
    self.options = options
    self.folder = folder
    try ConnectServer.check(options.installation)
    try LoopbackPort.check(options.port)
    let own = ProcessInfo.processInfo.environment
    let discovery = options.gpus > 0 ? try GPUDiscovery(own) : nil
    self.discovery = discovery
    gpus = try discovery?.divided(workers: options.workers, each: options.gpus) ?? []
    tables =
      ClusterTables.canBeKept(by: options.installation)
      ? try ClusterTables(environment: own) : nil
    try tables?.prepare()
    var environment = SparkEnvironment.variables(of: options.installation)
    environment[ClusterFolder.variable] = folder.path
    environment["_SPARK_AUTH_SECRET"] = secret
    environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    environment["SPARK_LOCAL_DIRS"] = own["SPARK_LOCAL_DIRS"] ?? folder.path + "/local"
    environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = nil
    // nvidia-smi counts in the order of the bus.
    if discovery != nil { environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID" }
    self.environment = environment
    record = ClusterRecord(options, started: Date().timeIntervalSince1970)
    record.tables = tables?.path
  }

  /// Starts all of it, and waits until the server answers.
  ///
  /// - Parameter confirm: tries the server, whose connection string it is given.
  mutating func run(_ confirm: (String) async throws -> Void) async throws {
    try folder.write(record)
    let logging = try folder.write(
      SparkLog.settings("warn", telling: Self.telling + ConnectServer.telling),
      to: "log4j2.properties")
    let master = try await Activity.during("starting Spark's master") {
      try await startMaster(logging)
    }
    // Each takes seconds: all at once.
    let workers = try (1...options.workers).map { try launchWorker($0, of: master, logging) }
    try await Activity.during(
      "starting \(workers.count == 1 ? "a worker" : "\(workers.count) workers")"
    ) {
      for worker in workers { try await wait(forWorker: worker) }
    }
    let remote = try await Activity.during("starting the Connect server") {
      try await startServer(of: master, logging)
    }
    try await Activity.during("waiting for Spark's first answer") {
      try await confirm(remote)
    }
    record.remote = remote
    record.phase = .ready
    try folder.write(record)
  }

  /// What the logs tell beside what is wrong.
  private static let telling = ["deploy", "util.Utils"]

  // MARK: The processes

  private mutating func startMaster(_ logging: String) async throws -> String {
    let master = try launch(
      ClusterRole.master,
      [
        sparkClass, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0",
        "--webui-port", "0",
      ],
      daemon(
        logging,
        [
          "-Dspark.master.rest.enabled=false", "-Dspark.ui.killEnabled=false",
          "-Dspark.master.ui.decommission.allow.mode=DENY",
        ]))
    let address = try await wait(for: master, "Starting Spark master at ", "its address")
    record.processes[master.place].address = address
    record.processes[master.place].webUI = try await wait(
      for: master, "Bound MasterWebUI to 127.0.0.1, and started at ", "its web UI")
    return address
  }

  private mutating func launchWorker(
    _ number: Int, of master: String, _ logging: String
  ) throws -> Launched {
    let role = ClusterRole.worker(number)
    var variables = daemon(logging, [])
    variables["SPARK_WORKER_DIR"] = try folder.makeFolder(role)
    if let discovery {
      let script = try folder.write(
        discovery.script(gpus[number - 1]), to: "\(role)-gpus.sh", mode: 0o700)
      variables["SPARK_WORKER_OPTS"] = Self.joined(
        environment["SPARK_WORKER_OPTS"],
        [
          "-Dspark.worker.resource.gpu.amount=\(options.gpus)",
          "-Dspark.worker.resource.gpu.discoveryScript=\(script)",
        ])
    }
    return try launch(
      role,
      [
        sparkClass, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--port", "0",
        "--webui-port", "0", "--cores", "\(options.cores)", "--memory", "\(options.memory)m",
        master,
      ], variables)
  }

  private mutating func wait(forWorker worker: Launched) async throws {
    record.processes[worker.place].webUI = try await wait(
      for: worker, "Bound WorkerWebUI to 127.0.0.1, and started at ", "its web UI")
    _ = try await wait(for: worker, "Successfully registered with master ", "the master's answer")
    let text = folder.log(of: worker.role).text
    record.processes[worker.place].address = SparkLog.word(
      behind: "Starting Spark worker ", in: text
    )?.split(separator: " ").first.map(String.init)
  }

  private mutating func startServer(of master: String, _ logging: String) async throws -> String {
    var settings = ConnectServer.settings(port: options.port, folder: folder.path)
    settings["spark.local.dir"] = nil
    let mark = UUID().uuidString
    try folder.write(mark, to: ClusterMark.file)
    settings[ClusterMark.setting] = mark
    settings["spark.authenticate"] = "true"
    settings["spark.authenticate.secret"] = secret
    settings["spark.ui.port"] = "0"
    // Its pages ask nobody who he is.
    settings["spark.ui.killEnabled"] = "false"
    settings["spark.executor.memory"] = "\(options.memory)m"
    let confFolder = environment["SPARK_CONF_DIR"] ?? options.installation.home + "/conf"
    settings.merge(tables?.settings(confFolder: confFolder) ?? [:]) { $1 }
    if options.gpus > 0 { settings["spark.executor.resource.gpu.amount"] = "\(options.gpus)" }
    // In a file, since others see a process's words.
    let file = try folder.write(
      settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined(),
      to: "connect.properties")
    var variables = environment
    variables["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = options.token
    let server = try launch(
      ClusterRole.connect,
      ConnectServer.words(
        options.installation, master: master, memory: "2g", logging: logging,
        options: ["--properties-file", file, "--load-spark-defaults"],
        properties: ["derby.stream.error.file": folder.path + "/derby.log"]), variables)
    try tables?.note(record.processes[server.place].identity)
    _ = try await wait(for: server, "Spark Connect server started at: ", "its address")
    let text = folder.log(of: server.role).text
    guard let port = SparkLog.port(in: text) else { throw failure(server, "did not tell its port") }
    record.processes[server.place].address = "127.0.0.1:\(port)"
    record.processes[server.place].webUI = SparkLog.word(
      behind: "Successfully started service 'SparkUI' on port ", in: text
    ).map { "http://localhost:\($0.filter(\.isNumber))" }
    return ConnectServer.remote(port: port, token: options.token)
  }

  // MARK: Starting and waiting

  /// A process that was started, and its place in the record.
  private struct Launched {
    let role: String
    let place: Int
    let process: DetachedProcess
  }

  private var sparkClass: String { options.installation.home + "/bin/spark-class" }

  /// The variables of a master or a worker.
  private func daemon(_ logging: String, _ properties: [String]) -> [String: String] {
    var variables = environment
    variables["SPARK_DAEMON_MEMORY"] = "512m"
    variables["SPARK_DAEMON_JAVA_OPTS"] = Self.joined(
      environment["SPARK_DAEMON_JAVA_OPTS"],
      ["-Dspark.authenticate=true", "-Dlog4j2.configurationFile=file:\(logging)"] + properties)
    return variables
  }

  /// What somebody has said already, and our options behind it, as scripts of Spark take them.
  private static func joined(_ given: String?, _ options: [String]) -> String {
    ((given.map { [$0] } ?? []) + options.map { "\"\($0)\"" }).joined(separator: " ")
  }

  private mutating func launch(
    _ role: String, _ words: [String], _ variables: [String: String]
  ) throws -> Launched {
    let log = folder.log(of: role).path
    let process: DetachedProcess
    do throws(Shell.Failure) {
      process = try DetachedProcess(words, environment: variables, log: log)
    } catch {
      throw NeedletailError(
        .localSpark, "\(words.first ?? role) could not be started: \(error)", cause: error)
    }
    guard let identity = ProcessIdentity(pid: process.pid) else {
      throw failure(Launched(role: role, place: 0, process: process), "ended at once")
    }
    record.processes.append(.init(role: role, identity: identity, log: log))
    // Who breaks off now leaves what `stop` finds.
    try folder.write(record)
    return Launched(role: role, place: record.processes.count - 1, process: process)
  }

  /// What stands behind `text` in the process's log, as soon as it does.
  private func wait(
    for launched: Launched, _ text: String, _ what: String
  ) async throws -> String {
    let log = folder.log(of: launched.role)
    let deadline = ContinuousClock.now + options.timeout
    while ContinuousClock.now < deadline {
      let status = launched.process.poll()
      if let word = SparkLog.word(behind: text, in: log.text) { return word }
      if let status { throw failure(launched, "ended while it started (exit status \(status))") }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw failure(launched, "did not tell \(what) within \(options.timeout)")
  }

  private func failure(_ launched: Launched, _ what: String) -> NeedletailError {
    let tail = SparkLog.tail(folder.log(of: launched.role).text)
    return NeedletailError(
      .localSpark,
      "Spark's \(ClusterRole.title(launched.role)) \(what)"
        + (tail.isEmpty ? "; its log is empty" : "; the end of its log:\n\(tail)"))
  }
}
