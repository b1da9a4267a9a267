/// Something that a worker on an executor has said.
protocol WorkerAnswer: Codable, Sendable, Hashable {
  /// The machine's own name.
  var hostName: String { get }
  /// The number of the worker process there.
  var process: Int32 { get }
}

/// What a worker on an executor says of its surroundings.
struct ExecutorFacts: WorkerAnswer {
  var hostName: String
  var process: Int32
  var host: HostFacts
  /// Where the session's files lie, the program among them.
  var files: FolderFacts
  /// Where temporary files go.
  var temporary: FolderFacts
  /// The addresses of the GPUs that Spark has assigned to the task.
  var assignedGPUs: [String]
}

/// What a worker on an executor has found of the libraries that run models.
struct ExecutorRuntimes: WorkerAnswer {
  var hostName: String
  var process: Int32
  var runtimes: [RuntimeFacts]
}
