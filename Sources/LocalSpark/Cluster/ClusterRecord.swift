package import HostProcesses

/// What is noted of a cluster on this machine: which processes it has and where they are found.
package struct ClusterRecord: Sendable, Hashable, Codable {
  package enum Phase: String, Sendable, Codable {
    case starting, ready
  }

  /// One of the cluster's processes.
  package struct Process: Sendable, Hashable, Codable {
    /// `master`, `worker-1` and on, or `connect`.
    package var role: String
    package var identity: ProcessIdentity
    /// Where others reach it; `nil` until it has told.
    package var address: String?
    package var webUI: String?
    package var log: String
  }

  package var phase = Phase.starting
  /// The boot of the machine in which the processes were started.
  package var boot: String
  /// When it was started, in seconds since 1970.
  package var started: Double
  /// The version of Spark, and the folder that it is in.
  package var version: String?
  package var home: String
  package var java: String
  package var workers: Int
  package var cores: Int
  /// MiB.
  package var memory: Int
  package var gpus: Int
  /// The folder of the tables, if they stay when the cluster is stopped.
  package var tables: String?
  /// The server's connection string, once it is ready.
  package var remote: String?
  package var processes: [Process] = []

  init(_ options: ClusterOptions, started: Double) {
    boot = Machine.identity
    self.started = started
    home = options.installation.home
    version = SparkInstallation.version(ofHome: home)
    java = options.installation.java
    workers = options.workers
    cores = options.cores
    memory = options.memory
    gpus = options.gpus
  }

  /// Whether the process runs, and is not a later one that has its number.
  package func isAlive(_ process: Process) -> Bool {
    boot == Machine.identity && process.identity.isAlive
  }
}
