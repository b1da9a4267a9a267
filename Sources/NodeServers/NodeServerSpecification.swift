import FoundationEssentials
import HostProcesses
public import KServeServer
public import ModelKinds

/// Which servers ``SparkSession/withNodeServers(_:_:)`` starts beside the executors.
///
/// ```swift
/// var servers = NodeServerSpecification.needletail(["digits": .onnx("digits.onnx")])
/// servers.gpus = 1
/// ```
public struct NodeServerSpecification: Sendable {
  /// Whose server an executor uses.
  public enum Sharing: String, Sendable, Hashable, Codable {
    /// Each executor has its own, which ends with it.
    case executor
    /// All executors on a machine use one, which ends with the last of them.
    case machine
  }

  enum Kind: Sendable {
    case needletail([String: ModelSource], instances: Int?, maxQueueDelay: Duration)
    case tritonserver(Triton, repository: String)
    case pytriton(script: String, python: String, arguments: [String])
  }

  let kind: Kind
  /// The models that must be ready before the servers count as started.
  public var models: [String]
  /// Whether each executor gets a server, or each machine.
  public var sharing = Sharing.executor
  /// GPUs of each server, which the executors must have (`spark.executor.resource.gpu.amount`).
  public var gpus = 0
  /// Variables for the servers beside those of the executors.
  public var environment: [String: String] = [:]
  /// Seconds until a server and its models must be ready.
  public var startTime: Double = 120
  /// How often a server that ends, or no longer answers, is started again within ten minutes.
  public var restarts = 3
  /// Seconds that a call of a server may take.
  public var callTimeout: Double = 60
  /// Whether tensors travel in shared memory where a server allows it, and else in messages.
  public var sharesMemory = true
  /// What the servers' restricted calls ask for.
  public var accessToken: String?
  /// Whether this program's servers may run the rows of several requests as one batch: as a test run
  /// at their start shows, unless it is known.
  public var joining = RequestJoining.check
  /// The same for single models, by name.
  public var joiningOfModels: [String: RequestJoining] = [:]
  /// The executors to wait for, within ``startTime``; those that come later have their servers
  /// started by their first task.
  public var minimumExecutors = 1

  /// This program as the server of models.
  ///
  /// - Parameters:
  ///   - models: by the names under which they are served.
  ///   - instances: the batches of a model that run at the same time; `nil` for the executor's cores,
  ///     or 1 with a GPU.
  ///   - maxQueueDelay: how long a request may wait for others to join it.
  public static func needletail(
    _ models: [String: ModelSource], instances: Int? = nil, maxQueueDelay: Duration = .zero
  ) -> NodeServerSpecification {
    NodeServerSpecification(
      kind: .needletail(models, instances: instances, maxQueueDelay: maxQueueDelay),
      models: models.keys.sorted())
  }

  /// A real tritonserver with a model repository.
  ///
  /// - Parameters:
  ///   - repository: a folder of the driver's, which is sent to the executors, or an absolute path that
  ///     all executors have, marked by `file://`.
  ///   - models: those that must be ready; `nil` for all folders of a repository on the driver.
  /// - Throws: ``NeedletailError`` if the repository is not there, or its models must be named.
  public static func tritonserver(
    _ triton: Triton = .executable(), repository: String, models: [String]? = nil
  ) throws -> NodeServerSpecification {
    var names = models
    if names == nil, !repository.hasPrefix("file://") {
      names = try FileManager.default.contentsOfDirectory(atPath: repository)
        .filter { FileManager.default.isFolder("\(repository)/\($0)") }.sorted()
    }
    guard let names, !names.isEmpty else {
      throw NeedletailError(
        .usage,
        "the model repository \(repository) \(names == nil ? "lies on the executors" : "is empty"); "
          + "name the models that must be ready: models: [\"resnet\"]")
    }
    return NodeServerSpecification(
      kind: .tritonserver(triton, repository: repository), models: names)
  }

  /// A Python script that binds functions by PyTriton and serves them.
  ///
  /// The script gets its addresses by PyTriton's own variables (`PYTRITON_TRITON_CONFIG_HTTP_PORT` and the
  /// like), so it makes its server by `Triton()` without a configuration of its own.
  ///
  /// - Parameters:
  ///   - script: a file of the driver's, which is sent to the executors.
  ///   - python: an interpreter that has PyTriton and NumPy below 2, on every executor.
  ///   - arguments: what the script takes.
  ///   - models: the names that it binds.
  public static func pytriton(
    script: String, python: String = "python3", arguments: [String] = [], models: [String]
  ) -> NodeServerSpecification {
    NodeServerSpecification(
      kind: .pytriton(script: script, python: python, arguments: arguments), models: models)
  }
}
