import HostProcesses
public import KServeClient
public import ModelKinds
public import SparkFunctions

/// The servers of models that run beside the executors, one for each: what the body of
/// ``SparkSession/withNodeServers(_:_:)`` gets.
public final class NodeServers: Sendable {
  /// The server of one executor, as it was when all had started.
  public struct Server: Sendable, Hashable, Codable {
    /// Spark's id of the executor; `driver` for a local Spark.
    public var executor: String
    /// The name of the executor's machine, as it calls itself.
    public var host: String
    /// Where it listens on that host. The loopback interface is the host's own.
    public var addresses: ServerAddresses
  }

  /// What tasks need to find the server beside them: travels as a parameter of functions.
  public struct Reference: Sendable, Hashable, Codable {
    let order: NodeServerOrder
  }

  /// The server of each executor that was there at the start.
  public let servers: [Server]
  /// The models, as the servers describe them.
  public let models: [ServedModel]
  /// What a function takes as a parameter to find the server beside its task.
  public let reference: Reference

  init(servers: [Server], models: [ServedModel], order: NodeServerOrder) {
    self.servers = servers
    self.models = models
    reference = Reference(order: order)
  }

  /// A model of the servers, for predictions: each task asks the server beside it.
  ///
  /// ```swift
  /// try await images.predicting(try servers.model("digits"), inputs: ["pixels": "image"])
  /// ```
  /// - Parameter name: `nil` if the servers have one model.
  /// - Throws: ``NeedletailError`` if they have no such model.
  public func model(_ name: String? = nil) throws -> ModelSource {
    let known = models.map(\.name).joined(separator: ", ")
    guard let name = name ?? (models.count == 1 ? models[0].name : nil) else {
      throw NeedletailError(
        .usage, "the servers have the models \(known); say which one: servers.model(\"NAME\")")
    }
    guard let model = models.first(where: { $0.name == name }) else {
      throw NeedletailError(.usage, "the servers have no model '\(name)'; they have \(known)")
    }
    return try .nodeServer(model, of: reference)
  }
}

extension WorkerContext {
  /// Where the server beside this executor answers, for functions that call it themselves. It is
  /// started if it is not there, such as on an executor that came later.
  ///
  /// - Throws: ``NeedletailError`` that says why there is none, with the end of its log.
  public func endpoint(of servers: NodeServers.Reference) async throws -> KServeEndpoint {
    let server = try NodeServer(servers.order, worker: self)
    return try servers.order.endpoint(try await server.addresses())
  }
}
