import SparkConnectProtocol
import SwiftProtobuf

/// What the executors and the tasks of one stage need, instead of the server's defaults.
///
/// ```swift
/// // Each task gets a GPU of its own, whose address is in `worker.gpus`.
/// let profile = ResourceProfile(task: .init(cpus: 1, resources: ["gpu": 1]))
/// try await table.mapBatches(embed, resources: profile)
/// ```
///
/// A profile replaces the server's default requests: one without a GPU gets none, whatever
/// `spark.task.resource.gpu.amount` says. Requests for tasks alone use the executors that run; they need
/// a cluster (a local Spark has no executors to choose from). Requests for executors start new ones, for
/// which the server needs dynamic allocation.
public struct ResourceProfile: Sendable, Hashable {
  /// What each executor is started with.
  public struct Executor: Sendable, Hashable {
    /// Cores of an executor; `nil` leaves it to the server's settings.
    public var cores: Int?
    /// The Java heap in MiB.
    public var memory: Int?
    /// Memory beside the heap, where native models live, in MiB.
    public var memoryOverhead: Int?
    /// Other resources by name, such as `gpu`.
    public var resources: [String: ExecutorResource]

    public init(
      cores: Int? = nil, memory: Int? = nil, memoryOverhead: Int? = nil,
      resources: [String: ExecutorResource] = [:]
    ) {
      self.cores = cores
      self.memory = memory
      self.memoryOverhead = memoryOverhead
      self.resources = resources
    }
  }

  /// An amount of a resource of executors, and how it is found on a machine.
  public struct ExecutorResource: Sendable, Hashable {
    /// How many of the resource each executor has.
    public var amount: Int
    /// A program on the machine that prints the resource's addresses; the server's own setting, such as
    /// `spark.executor.resource.gpu.discoveryScript`, does not apply to profiles.
    public var discoveryScript: String?
    /// Whose resource it is: `nvidia.com`. Kubernetes needs it.
    public var vendor: String?

    public init(_ amount: Int, discoveryScript: String? = nil, vendor: String? = nil) {
      self.amount = amount
      self.discoveryScript = discoveryScript
      self.vendor = vendor
    }
  }

  /// What each task occupies of its executor.
  public struct Task: Sendable, Hashable {
    /// CPU cores.
    public var cpus: Double?
    /// Other resources by name, such as `gpu`. Amounts up to 1 are shares (0.5: two tasks share a
    /// device), above they must be whole.
    public var resources: [String: Double]

    public init(cpus: Double? = nil, resources: [String: Double] = [:]) {
      self.cpus = cpus
      self.resources = resources
    }
  }

  /// What executors are started with, where the profile starts some.
  public var executor: Executor
  /// What each task of the stage occupies.
  public var task: Task

  public init(executor: Executor = Executor(), task: Task = Task()) {
    self.executor = executor
    self.task = task
  }
}

extension ResourceProfile: CustomStringConvertible {
  /// `executor: cores 2, gpu 1; task: cpus 1`.
  public var description: String {
    let parts = [
      ("executor", executorAmounts.map { "\($0.name) \($0.resource.amount)" }),
      ("task", taskAmounts.map { "\($0.name) \($0.amount)" }),
    ]
    return parts.filter { !$0.1.isEmpty }
      .map { "\($0.0): \($0.1.joined(separator: ", "))" }.joined(separator: "; ")
  }
}

extension ResourceProfile {
  /// Spark's names (`ResourceProfile.CORES` ...) before those of other resources.
  private var executorAmounts: [(name: String, resource: ExecutorResource)] {
    let named = [
      ("cores", executor.cores), ("memory", executor.memory),
      ("memoryOverhead", executor.memoryOverhead),
    ]
    return named.compactMap { name, amount in amount.map { (name, ExecutorResource($0)) } }
      + executor.resources.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private var taskAmounts: [(name: String, amount: Double)] {
    (task.cpus.map { [("cpus", $0)] } ?? [])
      + task.resources.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The profile's message.
  ///
  /// - Throws: ``SparkError`` if it asks for nothing, or for amounts that no resource can have.
  func message() throws -> Spark_Connect_ResourceProfile {
    let (executors, tasks) = (executorAmounts, taskAmounts)
    guard !executors.isEmpty || !tasks.isEmpty else {
      throw SparkError(
        .invalidArgument, "a resource profile must ask for something: cores, cpus or a resource")
    }
    var message = Spark_Connect_ResourceProfile()
    for (name, resource) in executors {
      guard resource.amount > 0 else { throw refused("executor", name, "\(resource.amount)") }
      message.executorResources[name] = .with {
        $0.resourceName = name
        $0.amount = Int64(resource.amount)
        if let script = resource.discoveryScript { $0.discoveryScript = script }
        if let vendor = resource.vendor { $0.vendor = vendor }
      }
    }
    for (name, amount) in tasks {
      // Spark checks this with an assertion, whose message reaches nobody.
      guard amount > 0, amount <= 1 || amount == amount.rounded(), amount.isFinite else {
        throw refused("task", name, "\(amount)")
      }
      message.taskResources[name] = .with {
        $0.resourceName = name
        $0.amount = amount
      }
    }
    return message
  }

  private func refused(_ whose: String, _ name: String, _ amount: String) -> SparkError {
    let range = whose == "task" ? "above 0, and whole if above 1" : "1 or more"
    return SparkError(
      .invalidArgument,
      "the resource profile asks for \(amount) of '\(name)' for each \(whose); it must be \(range)")
  }
}
