import FoundationEssentials
import HostProcesses
import KServeClient
package import ModelKinds
package import Models
package import SparkFunctions

/// Models of the servers beside the executors.
package struct NodeServerKind: ModelKind {
  package struct Options: ModelOptions {
    /// The user has nothing to say: ``NodeServers/model(_:)`` does.
    package static let names: [String] = []
    let servers: NodeServers.Reference
    /// The model, as the servers describe it.
    let model: ServedModel

    package init(_ values: OptionValues) throws {
      guard let servers = values["servers"], let model = values["model"] else {
        throw NeedletailError(.nodeServers, "\(values.model) names no servers")
      }
      let decoder = JSONDecoder()
      self.servers = try decoder.decode(NodeServers.Reference.self, from: Data(servers.utf8))
      self.model = try decoder.decode(ServedModel.self, from: Data(model.utf8))
    }
  }

  package init() {}

  package var format: ModelFormat { ModelFormat(rawValue: "node-server") }
  /// A call costs about a millisecond, however many rows there are.
  package var batchSize: Int { 1024 }
  package var isServed: Bool { true }

  /// The driver cannot reach the servers.
  package func loadOnDriver(_ model: PlacedModel<Options>) async throws -> any Model {
    DescribedModel(served: model.options.model)
  }

  package func load(_ model: PlacedModel<Options>) async throws -> any Model {
    let options = model.options
    return NodeServerModel(
      options.model.name, described: options.model,
      server: try NodeServer(options.servers.order, worker: model.worker))
  }
}

extension ModelSource {
  /// One of the models of servers, in the options that ``NodeServerKind`` reads.
  static func nodeServer(
    _ model: ServedModel, of servers: NodeServers.Reference
  ) throws -> ModelSource {
    ModelSource(
      NodeServerKind(), "node://\(servers.order.set)/\(model.name)",
      [
        "model": String(decoding: try FunctionInvocation.encode(model), as: UTF8.self),
        "servers": String(decoding: try FunctionInvocation.encode(servers), as: UTF8.self),
      ])
  }
}
