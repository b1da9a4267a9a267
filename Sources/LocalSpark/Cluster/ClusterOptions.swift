/// What a cluster on this machine shall be.
package struct ClusterOptions: Sendable {
  /// The distribution that is run.
  package var installation: SparkInstallation
  package var workers: Int
  /// The tasks that a worker runs at the same time.
  package var cores: Int
  /// The memory that a worker gives to its executor, whose JVM's heap it is, in MiB.
  package var memory: Int
  /// The GPUs of each worker.
  package var gpus: Int
  /// The server's port; 0 for one that the system chooses.
  package var port: Int
  /// What the server asks of its clients; `nil` if it lets in whoever is on this machine.
  package var token: String?
  /// How long each process may take to start.
  package var timeout: Duration = .seconds(120)

  package init(
    installation: SparkInstallation, workers: Int, cores: Int, memory: Int, gpus: Int, port: Int,
    token: String?
  ) {
    self.installation = installation
    self.workers = workers
    self.cores = cores
    self.memory = memory
    self.gpus = gpus
    self.port = port
    self.token = token
  }

  /// The least that an executor's JVM starts with, in MiB (Spark's own limit is 450 MiB).
  package static let leastMemory = 512
}
