import Foundation
import Needletail

/// Servers of models beside the executors: started, used, killed, and gone at the end.
enum NodeServing {
  static let scenarios: [String: @Sendable (SparkSession) async throws -> Void] = [
    "servers": served, "triton": triton, "pytriton": pytriton, "server-killed": serverKilled,
    "server-hangs": serverHangs, "executor-killed": executorKilled, "driver-killed": driverKilled,
    "hold": hold, "port-taken": portTaken, "node-fails": nodeFails, "start-hangs": startHangs,
    "gpu": gpu,
  ]

  private static let mark = "NEEDLETAIL_TEST_MARK"

  /// Predictions by servers are those of this process.
  @Sendable static func served(_ spark: SparkSession) async throws {
    let folder = try IntegrationProgram.option("--folder")
    let images = spark.read.parquet(folder + "/digits.parquet")
    let specification = marked(.needletail(["digits": .onnx(folder + "/digits.onnx")]))
    let executors = try await executorCount(spark)
    try await spark.withNodeServers(specification.0) { servers in
      try IntegrationProgram.expect(
        servers.servers.count == executors && serving(specification.mark).count == executors,
        "\(executors) executors, \(servers.servers)")
      try await checkDigits(images, try servers.model())
      let unknown = await IntegrationProgram.failure { _ = try servers.model("nope") }
      try IntegrationProgram.expect(unknown.contains("they have digits"), unknown)
      // A function that calls the server itself.
      let ready = try await spark.range(0, 8, partitions: 4)
        .select(asking(servers.reference, "id").as("ready")).distinct().collect()
      try IntegrationProgram.expect(
        try ready.map { try $0.get("ready", as: Bool.self) } == [true], "\(ready)")
    }
    try await nothingIsLeft(specification.mark)
    let said = await IntegrationProgram.failure {
      try await spark.withNodeServers(specification.0) { _ in throw Refusal(description: "enough") }
    }
    try IntegrationProgram.expect(said == "enough", said)
    try await nothingIsLeft(specification.mark)
    var shared = specification.0
    shared.sharing = .machine
    try await spark.withNodeServers(shared) { servers in
      try IntegrationProgram.expect(
        serving(specification.mark).count == 1, "\(servers.servers) instead of one server")
      try await checkDigits(images, try servers.model())
    }
    try await nothingIsLeft(specification.mark)
  }

  /// The server sees the device that Spark gave the task that started it, here 7, and no other.
  @Sendable static func gpu(_ spark: SparkSession) async throws {
    let folder = try IntegrationProgram.option("--folder")
    let images = spark.read.parquet(folder + "/digits.parquet")
    var (specification, mark) = marked(.needletail(["digits": .onnx(folder + "/digits.onnx")]))
    specification.gpus = 1
    try await spark.withNodeServers(specification) { servers in
      for server in serving(mark) {
        let variables = contents("/proc/\(server)/environ")
        try IntegrationProgram.expect(
          variables.range(of: Data("CUDA_VISIBLE_DEVICES=7\0".utf8)) != nil,
          String(decoding: variables, as: UTF8.self))
      }
      try IntegrationProgram.expect(!serving(mark).isEmpty, "there is no server")
      try await checkDigits(images, try servers.model())
    }
    try await nothingIsLeft(mark)
    specification.gpus = 2
    let said = await IntegrationProgram.failure {
      try await spark.withNodeServers(specification) { _ in }
    }
    try IntegrationProgram.expect(said.contains("gpu"), said)
  }

  private static func executorCount(_ spark: SparkSession) async throws -> Int {
    try await spark.conf.get("spark.master")?.hasPrefix("local") == true ? 1 : 2
  }

  private static func checkDigits(_ images: DataFrame, _ model: ModelSource) async throws {
    let rows = try await images.predicting(
      model, outputs: ["probabilities": "p"], batchSize: 100
    ).collect()
    let right = try rows.count { row in
      let p = try row.get("p", as: [Float].self)
      return p.indices.max { p[$0] < p[$1] } == (try row.get("label", as: Int.self))
    }
    try IntegrationProgram.expect(
      rows.count == 1797 && right == 1760, "\(right) of \(rows.count)")
  }

  // MARK: Ends of processes

  /// Predicts again and again, and meanwhile does `harm`, after which predictions must still be right.
  private static func predictingDuring(
    _ spark: SparkSession, repartitioned partitions: Int = 4,
    _ harm: @escaping @Sendable (_ mark: String) throws -> Void
  ) async throws {
    let folder = try IntegrationProgram.option("--folder")
    let images = spark.read.parquet(folder + "/digits.parquet").repartition(partitions)
    let (specification, mark) = marked(
      .needletail(["digits": .onnx(folder + "/digits.onnx")]))
    try await spark.withNodeServers(specification) { servers in
      let model = try servers.model()
      try await checkDigits(images, model)
      let running = Task { for _ in 0..<6 { try await checkDigits(images, model) } }
      try await Task.sleep(for: .milliseconds(300))
      let harmed = ContinuousClock.now
      try harm(mark)
      try await running.value
      try await checkDigits(images, model)
      let time = ContinuousClock.now - harmed
      try IntegrationProgram.expect(time < .seconds(60), "it took \(time)")
      print("right again after", time)
    }
    try await nothingIsLeft(mark)
  }

  @Sendable static func serverKilled(_ spark: SparkSession) async throws {
    try await predictingDuring(spark) { mark in
      let pid = try servers(mark)[0]
      try IntegrationProgram.expect(kill(pid, SIGKILL) == 0, "\(pid) was not killed")
    }
  }

  @Sendable static func serverHangs(_ spark: SparkSession) async throws {
    try await predictingDuring(spark) { mark in
      let pid = try servers(mark)[0]
      try IntegrationProgram.expect(kill(pid, SIGSTOP) == 0, "\(pid) was not stopped")
    }
  }

  @Sendable static func executorKilled(_ spark: SparkSession) async throws {
    // Other tests may have executors on this machine, of other drivers.
    guard let port = try await spark.conf.get("spark.driver.port") else {
      throw Refusal(description: "the driver has no port")
    }
    try await predictingDuring(spark) { _ in
      let executors = pids {
        $0.contains("org.apache.spark.executor.CoarseGrainedExecutorBackend")
          && $0.contains(":\(port)\0")
      }
      try IntegrationProgram.expect(executors.count == 2, "executors \(executors)")
      kill(executors[0], SIGKILL)
    }
  }

  /// A driver that waits in the body, to be killed.
  @Sendable static func hold(_ spark: SparkSession) async throws {
    let folder = try IntegrationProgram.option("--folder")
    var specification = NodeServerSpecification.needletail(
      ["digits": .onnx(folder + "/digits.onnx")])
    specification.environment[mark] = try IntegrationProgram.option("--mark")
    try await spark.withNodeServers(specification) { servers in
      try await checkDigits(spark.read.parquet(folder + "/digits.parquet"), try servers.model())
      print("holding")
      fflush(nil)
      try await Task.sleep(for: .seconds(200))
    }
  }

  @Sendable static func driverKilled(_ spark: SparkSession) async throws {
    let value = UUID().uuidString
    let driver = Process()
    driver.executableURL = URL(filePath: CommandLine.arguments[0])
    driver.arguments = [
      "hold", "--remote", try IntegrationProgram.option("--remote"), "--folder",
      try IntegrationProgram.option("--folder"), "--mark", value,
    ]
    let output = Pipe()
    driver.standardOutput = output
    try driver.run()
    let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    try IntegrationProgram.expect(said.contains("holding"), "the driver said '\(said)'")
    // Longer than a lease lasts without being renewed.
    try await Task.sleep(for: .seconds(20))
    try IntegrationProgram.expect(!serving(value).isEmpty, "the lease was not renewed")
    kill(driver.processIdentifier, SIGKILL)
    driver.waitUntilExit()
    let killed = ContinuousClock.now
    try await nothingIsLeft(value, within: .seconds(30))
    print("nothing left after", ContinuousClock.now - killed)
  }

  // MARK: Failed starts

  /// The error of servers that do not start, all of which must be gone.
  private static func failedStart(
    _ spark: SparkSession, _ specification: NodeServerSpecification
  ) async throws -> String {
    let (specification, mark) = marked(specification)
    let began = ContinuousClock.now
    let said = await IntegrationProgram.failure {
      try await spark.withNodeServers(specification) { _ in }
    }
    let time = ContinuousClock.now - began
    try IntegrationProgram.expect(time < .seconds(60), "it took \(time)")
    try await nothingIsLeft(mark)
    return said
  }

  @Sendable static func portTaken(_ spark: SparkSession) async throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    try IntegrationProgram.expect(listen(listener, 1) == 0, "no port to take")
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
    }
    let port = UInt16(bigEndian: address.sin_port)
    var triton = NodeServerSpecification.Triton.python(try IntegrationProgram.option("--python"))
    triton.options = ["--http-port=\(port)"]
    let said = try await failedStart(
      spark,
      try .tritonserver(
        triton, repository: try IntegrationProgram.option("--triton") + "/models",
        models: ["bench"]))
    try IntegrationProgram.expect(
      said.contains("\(port)' already in use") && said.contains("executor"), said)
  }

  @Sendable static func nodeFails(_ spark: SparkSession) async throws {
    let place = NSTemporaryDirectory() + "/needletail-\(UUID().uuidString)"
    defer { rmdir(place) }
    var specification = NodeServerSpecification.pytriton(
      script: try IntegrationProgram.option("--triton") + "/node_script.py",
      python: try IntegrationProgram.option("--python"), models: ["double"])
    specification.environment["NEEDLETAIL_ONLY_ONE"] = place
    let said = try await failedStart(spark, specification)
    try IntegrationProgram.expect(
      said.contains("this node has no room for a server")
        && said.contains("the servers of the other executors were ended"), said)
  }

  @Sendable static func startHangs(_ spark: SparkSession) async throws {
    var specification = NodeServerSpecification.pytriton(
      script: try IntegrationProgram.option("--triton") + "/node_script.py",
      python: try IntegrationProgram.option("--python"), models: ["another"])
    specification.startTime = 8
    let said = try await failedStart(spark, specification)
    try IntegrationProgram.expect(said.contains("it was not ready within 8.0 s"), said)
  }

  /// A real tritonserver with Python models, whose ports nobody guesses.
  @Sendable static func triton(_ spark: SparkSession) async throws {
    let python = try IntegrationProgram.option("--python")
    let folder = try IntegrationProgram.option("--triton")
    let specification = marked(
      try .tritonserver(.python(python), repository: folder + "/models", models: ["bench", "slow"]))
    let table = spark.range(0, 300, partitions: 3)
      .withColumn("x", expr("transform(sequence(1, 784), i -> float(id + i))"))
    try await spark.withNodeServers(specification.0) { servers in
      let rows = try await table.predicting(try servers.model("bench"), batchSize: 64)
        .select("id", "y").collect()
      try IntegrationProgram.expect(rows.count == 300, "\(rows.count) rows")
      for row in rows {
        let id = try row.get("id", as: Int.self)
        let wanted = (1...10).map { Float(id + $0) }
        try IntegrationProgram.expect(try row.get("y") == wanted, "\(row)")
      }
      let unknown = await IntegrationProgram.failure { _ = try servers.model("nope") }
      try IntegrationProgram.expect(unknown.contains("they have bench, slow"), unknown)
    }
    try await nothingIsLeft(specification.mark)
  }

  /// A PyTriton script that knows nothing of us.
  @Sendable static func pytriton(_ spark: SparkSession) async throws {
    let python = try IntegrationProgram.option("--python")
    let folder = try IntegrationProgram.option("--triton")
    let specification = marked(
      .pytriton(script: folder + "/node_script.py", python: python, models: ["double"]))
    let table = spark.range(0, 100, partitions: 2)
      .withColumn("x", expr("array(float(id), float(id + 1), float(id + 2))"))
    try await spark.withNodeServers(specification.0) { servers in
      let rows = try await table.predicting(try servers.model()).collect()
      try IntegrationProgram.expect(rows.count == 100, "\(rows.count) rows")
      for row in rows {
        let id = try row.get("id", as: Float.self)
        try IntegrationProgram.expect(
          try row.get("y") == [2 * id, 2 * id + 2, 2 * id + 4], "\(row)")
      }
    }
    try await nothingIsLeft(specification.mark)
  }

  /// A specification whose servers' processes can be told by a variable.
  private static func marked(
    _ specification: NodeServerSpecification
  ) -> (NodeServerSpecification, mark: String) {
    var marked = specification
    _ = sharedMemoryAtStart
    let value = UUID().uuidString
    marked.environment[mark] = value
    return (marked, value)
  }

  /// The whole of a file of /proc, of which reading a file at once would give the first page.
  private static func contents(_ path: String) -> Data {
    (try? FileHandle(forReadingAtPath: path)?.readToEnd()) ?? Data()
  }

  private static func pids(where isWanted: (_ commandLine: String) -> Bool) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { pid in
      let words = contents("/proc/\(pid)/cmdline")
      return isWanted(String(decoding: words, as: UTF8.self))
    }
  }

  /// The processes of the servers that a mark is on.
  private static func processes(_ value: String) -> [Int32] {
    pids { _ in true }.filter { pid in
      let variables = contents("/proc/\(pid)/environ")
      return variables.range(of: Data("\(mark)=\(value)".utf8)) != nil
    }
  }

  /// Those of them that are this program as a server, not the shells that watch it.
  private static func serving(_ value: String) -> [Int32] {
    let programs = Set(
      pids {
        $0.contains("\0--needletail-serve-node\0") && !$0.hasPrefix("/bin/sh")
      })
    return processes(value).filter(programs.contains)
  }

  private static func servers(_ value: String) throws -> [Int32] {
    let found = serving(value)
    try IntegrationProgram.expect(!found.isEmpty, "there is no server")
    return found
  }

  /// Names of shared memory that no living process has mapped.
  private static func sharedMemory() throws -> Set<String> {
    let names = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm").filter {
      ["needletail", "psm_", "pytrtion"].contains(where: $0.hasPrefix)
    }
    if names.isEmpty { return [] }
    let maps = pids { _ in true }.map {
      String(decoding: contents("/proc/\($0)/maps"), as: UTF8.self)
    }
    return Set(names.filter { name in !maps.contains { $0.contains("/dev/shm/" + name) } })
  }

  /// What there was before.
  private static let sharedMemoryAtStart = (try? sharedMemory()) ?? []

  /// What stands beside the servers' folders, and stays: the cache of programs, and a cluster of the user's.
  private static let ofOthers: Set<String> = ["programs", "packed", "servers", "spark"]

  private static func nothingIsLeft(
    _ value: String, within limit: Duration = .seconds(5)
  ) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
      let left = processes(value) + pids { $0.contains("\0--needletail-supervise\0") }
      let folders = try FileManager.default.contentsOfDirectory(
        atPath: "\(NSTemporaryDirectory())/needletail-\(getuid())"
      ).filter { !ofOthers.contains($0) }
      let memory = try sharedMemory().subtracting(sharedMemoryAtStart)
      if left.isEmpty, folders.isEmpty, memory.isEmpty { return }
      try IntegrationProgram.expect(
        ContinuousClock.now < deadline, "left: \(left), \(folders), \(memory)")
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}
