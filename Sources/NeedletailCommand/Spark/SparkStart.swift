import ArgumentParser
import FoundationEssentials
import Needletail

/// Starts a cluster and a server of Spark Connect.
struct SparkStart: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "Starts a master, workers and a server of Spark Connect on this machine.",
    discussion: """
      They run until `needletail spark stop`, also when this terminal is closed, and are of the Spark and \
      the Java that `needletail doctor` tells. When the server has answered a query, its address is printed, for \
      --remote and SPARK_REMOTE. A user has one such cluster; its logs and temporary files lie in \
      needletail-UID/spark of the folder for temporary files (TMPDIR) until it is stopped. The tables of its \
      catalog (--output-table) stay for the next one, in needletail/spark of the folder for users' data \
      (XDG_DATA_HOME, else ~/.local/share), until `needletail spark stop --remove-tables`.

      All of it listens on the loopback interface alone, and the server asks for a token, which the \
      address has in it: SPARK_CONNECT_AUTHENTICATE_TOKEN, if that is set, else a random one. The web \
      UIs can be read by whoever is on this machine.

      GPUs are those that nvidia-smi tells, or those of them in CUDA_VISIBLE_DEVICES; a task gets one by \
      `needletail predict --task-gpus 1`.

      Exit status: 0 started, 1 it did not start, 2 one runs already, 64 the command line is wrong.
      """)

  /// What a second start ends with.
  static let runsAlready: Int32 = 2

  @Option(help: "The workers, each with an executor of its own.")
  var workers = 1

  @Option(
    help: ArgumentHelp(
      "The tasks that a worker runs at the same time (default: this machine's cores, divided among the "
        + "workers)", valueName: "number"))
  var cores: Int?

  @Option(
    help: ArgumentHelp(
      "The memory of a worker's executor in GiB, or with a unit: 512m, 4g. It is its JVM's heap; models "
        + "take theirs beside it (default: a quarter of this machine's memory, divided among the "
        + "workers, 1 at least)", valueName: "size"))
  var memory: MemorySize?

  @Option(help: ArgumentHelp("The GPUs of each worker.", valueName: "number"))
  var gpus = 0

  @Option(help: "The server's port; 0 for any that is free.")
  var port = 15002

  @Flag(help: "Ask for no token: whoever is on this machine can then run programs as this user.")
  var noToken = false

  @Option(
    help: ArgumentHelp(
      "The folder of the Spark to run, as SPARK_HOME says it (default: the one that needletail doctor tells)",
      valueName: "folder"))
  var sparkHome: String?

  @OptionGroup
  var messages: MessageOptions

  func validate() throws {
    var problems: [String] = []
    for (name, value, least) in [
      ("--workers", workers, 1), ("--cores", cores ?? 1, 1), ("--gpus", gpus, 0),
    ] where value < least {
      problems.append("\(name) is \(value), it must be at least \(least)")
    }
    if !(0...65535).contains(port) {
      problems.append("--port is \(port), it must be 0 to 65535")
    }
    if let memory, memory.mebibytes < ClusterOptions.leastMemory {
      problems.append(
        "--memory is \(memory.text), and an executor needs \(ClusterOptions.leastMemory)m at least")
    }
    if !problems.isEmpty { throw ValidationError(problems.joined(separator: "; ")) }
  }

  func run() async throws {
    messages.begin()
    let options = try self.options()
    let status = await InterruptibleWork {
      switch try await LocalCluster.start(options, confirm: Self.ask) {
      case .started(let status): print(SparkReport(status).greeting, terminator: "")
      case .running(let status):
        throw CommandFailure(SparkReport(status).refusal, status: Self.runsAlready)
      }
    }.exitStatus(of: CommandFailure.status)
    if status != 0 { throw ExitCode(status) }
  }

  /// What shall be started, once all that is missing for it has been looked for.
  private func options() throws -> ClusterOptions {
    var environment = ProcessInfo.processInfo.environment
    var complaints = Complaints()
    if let sparkHome {
      environment["SPARK_HOME"] =
        sparkHome.hasPrefix("/")
        ? sparkHome : "\(FileSystem.currentDirectory)/\(sparkHome)"
      complaints.note {
        guard FileSystem.isFile("\(sparkHome)/bin/spark-submit") else {
          throw CommandFailure(
            "--spark-home is \(sparkHome), but there is no bin/spark-submit in it; name the folder of a "
              + "Spark 4, or leave it out to use the one that needletail doctor tells")
        }
      }
    }
    let home =
      complaints.errors.isEmpty
      ? complaints.note { try SparkInstallation.findHome(environment) } : nil
    let java = complaints.note { try SparkInstallation.findJava(environment) }
    try complaints.check()
    guard let home, let java else { throw CommandFailure("there is no Spark", status: 1) }
    let given = environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] ?? ""
    return ClusterOptions(
      installation: SparkInstallation(home: home, java: java), workers: workers,
      cores: cores ?? max(1, Machine.availableCores / workers),
      memory: memory?.mebibytes ?? MemorySize.share(of: workers).mebibytes, gpus: gpus, port: port,
      token: noToken ? nil : given.isEmpty ? UUID().uuidString : given)
  }

  /// Has an executor count some rows.
  private static func ask(_ remote: String) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let session = try await SparkSession.connect(remote)
        do {
          guard try await session.range(100).count() == 100 else {
            throw CommandFailure("Spark does not count 100 rows right", status: 1)
          }
        } catch {
          await Task.detached { await session.stop() }.value
          throw error
        }
        await session.stop()
      }
      group.addTask {
        try await Task.sleep(for: .seconds(120))
        throw CommandFailure(
          "the server has started, but no executor has answered a query within 120 s: see whether this machine "
            + "has the memory for them, and start with less (--memory, --workers)", status: 1)
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
