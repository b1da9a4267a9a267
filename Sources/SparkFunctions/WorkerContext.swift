/// The surroundings of a task in an executor: files, assigned devices, identity.
public struct WorkerContext: Sendable {
  /// Where files that the driver added lie (Spark's `SparkFiles` root of the session).
  public var filesDirectory: String
  /// The partition that the task computes.
  public var partition: Int
  /// Spark's number of the stage.
  public var stage: Int
  /// How often this partition was tried before.
  public var attempt: Int
  /// Spark's number of the attempt among those of all tasks.
  public var taskAttempt: Int64
  /// CPU cores assigned to the task.
  public var cpus: Int
  /// Addresses of assigned resources by name, for example `["gpu": ["0"]]`.
  public var resources: [String: [String]]
  /// Spark's configuration for the task (session time zone and the like).
  public var configuration: [String: String]
  /// The models of this process.
  public var models: ModelCache
  /// Waits for, and exchanges messages with, the other tasks of a barrier stage; `nil` elsewhere.
  public var barrier: (any BarrierCoordinator)?
  /// How messages number the task's rows.
  package var rows = RowOrigin()
  /// Counts the rows that fail in all tasks of a run, where one process does them all.
  package var faults: RunFaults?

  public init(
    filesDirectory: String = ".", partition: Int = 0, stage: Int = 0, attempt: Int = 0,
    taskAttempt: Int64 = 0, cpus: Int = 1, resources: [String: [String]] = [:],
    configuration: [String: String] = [:], models: ModelCache = .shared,
    barrier: (any BarrierCoordinator)? = nil
  ) {
    self.filesDirectory = filesDirectory
    self.partition = partition
    self.stage = stage
    self.attempt = attempt
    self.taskAttempt = taskAttempt
    self.cpus = cpus
    self.resources = resources
    self.configuration = configuration
    self.models = models
    self.barrier = barrier
  }

  /// The path on this executor of a file or unpacked archive that the driver added under `name`; an
  /// absolute path stays as it is.
  public func file(_ name: String) -> String {
    name.hasPrefix("/") ? name : filesDirectory + "/" + name
  }
}

/// How messages number the rows of a task: under Spark within their partition.
package struct RowOrigin: Sendable, Hashable {
  /// The number of the first row.
  package var first: Int
  /// What the numbers count in.
  package var whole: String
  /// The file, or what else that is, where ``whole`` does not say which one.
  package var place: String?
  /// The positions, counted from ``first``, of the rows that are left where some were left out; `nil`
  /// for all.
  package var kept: [Int]?

  /// What ``whole`` is if a task knows no more.
  static let partition = "the partition"

  package init(first: Int = 0, whole: String = RowOrigin.partition) {
    self.first = first
    self.whole = whole
  }
}

/// The meeting point of the tasks of a barrier stage.
public protocol BarrierCoordinator: Sendable {
  /// Returns when every task of the stage has called it; takes about a second.
  ///
  /// - Throws: why the tasks cannot meet: another one has failed, or Spark's coordinator is lost.
  func barrier() async throws

  /// Every task's `message` in partition order, once all tasks have given theirs.
  ///
  /// - Throws: why the tasks cannot meet: another one has failed, or Spark's coordinator is lost.
  func allGather(_ message: String) async throws -> [String]
}
