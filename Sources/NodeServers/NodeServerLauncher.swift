import Deployment
import FoundationEssentials
import HostProcesses
import Logging
import ModelKinds
import ProgramFunctions
import SparkConnect
import SparkFunctions
import Texts

/// Starts, keeps and ends the servers of one ``SparkSession/withNodeServers(_:_:)``, by jobs of Spark.
struct NodeServerLauncher: Sendable {
  private typealias Request = NodeServersFunction.Request
  private typealias Answer = NodeServersFunction.Answer

  /// How tasks are brought to each executor.
  private struct Placement: Sendable {
    /// As many tasks as executors, each of which takes more than half of its executor.
    var profile: ResourceProfile?
    var tasks: Int
    /// Whether all tasks of the stage can be made to run at the same time.
    var allowsBarrier: Bool
  }

  private let session: SparkSession
  private let specification: NodeServerSpecification
  private let order: NodeServerOrder
  private let isLocal: Bool
  private let isDynamic: Bool
  private let logger = Logger(label: "needletail.node-servers")
  private let known = KnownExecutors()

  /// Seconds between two jobs that renew the leases: two may be late before a lease ends.
  private static let renewalInterval = 6.0
  /// Seconds that a task stays on its executor, so that the others find other ones.
  private static let hold = 0.25

  /// Sends what the servers need to the executors.
  ///
  /// - Throws: ``NeedletailError`` if a model or script cannot be read; ``SparkError``.
  init(_ specification: NodeServerSpecification, session: SparkSession) async throws {
    self.session = session
    self.specification = specification
    let set = String(UInt32.random(in: .min ... .max), radix: 16)
    var order = NodeServerOrder(
      set: set, backend: try await Self.send(specification, to: session),
      models: specification.models)
    order.sharing = specification.sharing
    order.limits.startTime = specification.startTime
    order.limits.restarts = specification.restarts
    order.accessToken = specification.accessToken
    order.sharesMemory = specification.sharesMemory
    order.callTimeout = specification.callTimeout
    order.environment = specification.environment
    self.order = order
    let master = try await session.conf.get("spark.master") ?? ""
    isLocal = master == "local" || master.hasPrefix("local[")
    isDynamic = try await session.conf.get("spark.dynamicAllocation.enabled") == "true"
  }

  private static func send(
    _ specification: NodeServerSpecification, to session: SparkSession
  ) async throws -> NodeServerBackend {
    switch specification.kind {
    case .needletail(let models, let instances, let delay):
      var named: [NeedletailBackend.NamedModel] = []
      for (name, source) in models.sorted(by: { $0.key < $1.key }) {
        let packed = try source.packed()
        try await packed.send(to: session)
        named.append(.init(name: name, reference: packed.reference))
      }
      return .needletail(
        NeedletailBackend(
          models: named, instances: instances,
          maxQueueDelay: Int(delay / .microseconds(1)), joining: specification.joining,
          joiningOfModels: specification.joiningOfModels))
    case .tritonserver(let triton, let repository):
      guard !repository.hasPrefix("file://") else {
        let path = String(repository.dropFirst("file://".count))
        return .tritonserver(TritonBackend(triton: triton, repository: path))
      }
      let archive = try TarArchive(folder: repository).gzipped()
      let name = "\(archive.shortHash)-models"
      try await session.addFolder(archive, as: name)
      return .tritonserver(TritonBackend(triton: triton, repository: name))
    case .pytriton(let script, let python, let arguments):
      let contents: Data
      do {
        contents = try Data(contentsOf: URL(fileURLWithPath: script))
      } catch {
        throw NeedletailError(
          .usage, "the script \(script) cannot be read: \(error.reason)", cause: error)
      }
      let name = "\(contents.shortHash)-\(URL(fileURLWithPath: script).lastPathComponent)"
      try await session.addArtifact(named: "files/\(name)", contents)
      return .pytriton(PyTritonBackend(script: name, python: python, arguments: arguments))
    }
  }

  // MARK: Start

  /// Starts the servers and waits until all are ready.
  ///
  /// - Throws: ``NeedletailError`` if one does not start.
  func start() async throws -> NodeServers {
    try await survey()
    var answers: [Answer] = []
    let deadline = ContinuousClock.now + .seconds(specification.startTime)
    while true {
      let placement = await placement()
      do {
        answers = try await run(
          .start, on: placement, isBarrier: placement.allowsBarrier,
          hold: placement.allowsBarrier ? 0 : 1)
        break
      } catch let error as SparkError
        where error.message.contains("more slots than the total number")
      {
        // An executor has gone since the survey.
        guard ContinuousClock.now < deadline else { throw error }
        await known.forget()
        try await survey()
      }
    }
    if let failed = answers.first(where: { $0.failure != nil }) {
      let isAlone = Set(answers.map(\.executor.key)).count == 1
      throw NeedletailError(
        .nodeServers,
        "\(failed.failure ?? "")"
          + (isAlone ? "" : "\n(the servers of the other executors were ended, too)"))
    }
    var servers: [NodeServers.Server] = []
    for answer in answers.sorted(by: { $0.executor.key < $1.executor.key }) {
      guard let addresses = answer.addresses else { continue }
      let server = NodeServers.Server(
        executor: answer.executor.id, host: answer.executor.host, addresses: addresses)
      if !servers.contains(server) { servers.append(server) }
    }
    guard let models = answers.first?.models, !servers.isEmpty else {
      throw NeedletailError(
        .nodeServers,
        "no executor answered; see in Spark's web page whether there are any")
    }
    for server in servers {
      logger.debug(
        "a server is ready",
        metadata: ["executor": "\(server.executor)", "host": "\(server.host)"])
    }
    return NodeServers(servers: servers, models: models, order: order)
  }

  /// Finds out which executors there are.
  private func survey() async throws {
    let deadline = ContinuousClock.now + .seconds(specification.startTime)
    while true {
      // Without a number Spark makes as many partitions as it has cores: one for each slot.
      let answers = try await run(
        .survey, on: Placement(profile: nil, tasks: isLocal ? 1 : 0, allowsBarrier: false),
        isBarrier: false, hold: isLocal ? 0 : Self.hold)
      let count = await known.add(answers.map(\.executor), slots: answers.count)
      if count >= specification.minimumExecutors { return }
      guard ContinuousClock.now < deadline else {
        throw NeedletailError(
          .nodeServers,
          "there are \(count) executors and not \(specification.minimumExecutors) after "
            + "\(specification.startTime) s; start more, or lower minimumExecutors")
      }
      try await Task.sleep(for: .seconds(1))
    }
  }

  private func placement() async -> Placement {
    let (executors, slots) = await known.all
    let gpus: [String: Double] = specification.gpus > 0 ? ["gpu": Double(specification.gpus)] : [:]
    if isLocal { return Placement(profile: nil, tasks: 1, allowsBarrier: true) }
    // With dynamic allocation Spark has no barrier stages, and starts executors of their own for a
    // profile. Executors that do not tell their cores cannot be filled.
    let cores = executors.compactMap(\.cores).max()
    guard !isDynamic, let cores, executors.allSatisfy({ $0.cores != nil }) else {
      return Placement(profile: nil, tasks: slots, allowsBarrier: false)
    }
    return Placement(
      profile: ResourceProfile(task: .init(cpus: Double(cores / 2 + 1), resources: gpus)),
      tasks: executors.count, allowsBarrier: true)
  }

  // MARK: While the body runs, and after it

  /// Renews the servers' leases until it is cancelled.
  func renewing() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(Self.renewalInterval))
      if Task.isCancelled { return }
      // A job that finds no slots is given up: tasks that use a server renew its lease themselves.
      _ = await Self.within(.seconds(2 * Self.renewalInterval)) { await renew() }
    }
  }

  private func renew() async {
    do {
      let answers = try await run(
        .renew, on: await placement(), isBarrier: false, hold: isLocal ? 0 : Self.hold / 2)
      await known.add(answers.map(\.executor), slots: answers.count)
    } catch {
      logger.debug("leases were not renewed", metadata: ["error": "\(error)"])
    }
  }

  /// Ends the servers. Those that no task reaches end when their leases do.
  func stop() async {
    let missing = await Self.within(.seconds(25)) { await stopAll() }
    if missing != 0 {
      logger.notice(
        "no task reached some executors; their servers end by themselves",
        metadata: ["executors": "\(missing.map(String.init) ?? "all")"])
    }
  }

  /// - Returns: the number of executors that no task has reached.
  private func stopAll() async -> Int {
    var missing = Set(await known.all.executors.map(\.key))
    for _ in 0..<3 where !missing.isEmpty {
      do {
        let answers = try await run(
          .stop, on: await placement(), isBarrier: false, hold: isLocal ? 0 : Self.hold)
        missing.subtract(answers.map(\.executor.key))
        let killed = answers.flatMap(\.stops).count { $0 == .killed }
        if killed > 0 {
          logger.warning("servers had to be killed", metadata: ["count": "\(killed)"])
        }
      } catch {
        logger.warning("servers could not be ended", metadata: ["error": "\(error)"])
        break
      }
    }
    return missing.count
  }

  /// What `body` gives, unless it takes longer than `limit`.
  private static func within<Result: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async -> Result
  ) async -> Result? {
    await withTaskGroup(of: Result?.self) { tasks in
      tasks.addTask { await body() }
      tasks.addTask {
        try? await Task.sleep(for: limit)
        return nil
      }
      defer { tasks.cancelAll() }
      return await tasks.next() ?? nil
    }
  }

  // MARK: Jobs

  /// Runs a job whose tasks do `action`.
  private func run(
    _ action: Request.Action, on placement: Placement, isBarrier: Bool, hold: Double
  ) async throws -> [Answer] {
    try await Housekeeping.$isActive.withValue(true) {
      let rows =
        placement.tasks > 0
        ? session.range(0, placement.tasks, partitions: placement.tasks) : session.range(0, 1024)
      let table = try await rows.mapBatches(
        NodeServersFunction.function(isBarrier: isBarrier),
        Request(action: action, order: order, hold: hold), resources: placement.profile)
      return try await table.collect().map {
        try JSONDecoder().decode(
          Answer.self, from: Data(try $0.get("answer", as: String.self).utf8))
      }
    }
  }
}

/// The executors that have been seen.
private actor KnownExecutors {
  private var executors: [String: ExecutorIdentity] = [:]
  private var slots = 1

  var all: (executors: [ExecutorIdentity], slots: Int) { (Array(executors.values), slots) }

  @discardableResult
  func add(_ found: [ExecutorIdentity], slots: Int) -> Int {
    for executor in found { executors[executor.key] = executor }
    self.slots = max(self.slots, slots)
    return executors.count
  }

  func forget() { executors = [:] }
}
