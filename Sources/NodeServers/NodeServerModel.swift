import FoundationEssentials
import KServeClient
import KServeProtocol
import Models
import Synchronization
import Tensors

/// A model of the server beside this executor.
///
/// The server is looked up, and started if it is not there, when the first batch comes. When it was
/// started again at other addresses, a batch that failed for that is sent once more.
final class NodeServerModel: Model {
  private struct Connected: Sendable {
    var addresses: ServerAddresses
    var model: KServeModel
  }

  private let server: NodeServer
  private let name: String
  private let described: ServedModel
  private let connected = Mutex<Connected?>(nil)

  init(_ name: String, described: ServedModel, server: NodeServer) {
    self.name = name
    self.described = described
    self.server = server
  }

  var inputs: [TensorSpecification] { described.inputs }
  var outputs: [TensorSpecification] { described.outputs }
  var runtime: String { "\(described.platform) on a server beside \(server.executor)" }

  func run(
    _ inputs: [String: AnyTensor], outputs names: [String]?
  ) async throws -> [String: AnyTensor] {
    try await whileRenewing {
      var lost: ServerAddresses?
      // As often as the server may be started, and once more.
      var attempts = server.order.limits.restarts + 2
      while true {
        let addresses = try await addresses(otherThan: lost)
        do {
          return try await model(at: addresses).run(inputs, outputs: names)
        } catch let error as KServeError where error.code == .unavailable && attempts > 1 {
          attempts -= 1
          forget(addresses)
          lost = addresses
        }
      }
    }
  }

  /// Those of the model in use, unless they are lost; else those that the server tells now.
  private func addresses(otherThan lost: ServerAddresses?) async throws -> ServerAddresses {
    if let known = connected.withLock({ $0?.addresses }), known != lost { return known }
    return try await server.addresses(otherThan: lost)
  }

  private func model(at addresses: ServerAddresses) async throws -> KServeModel {
    if let known = connected.withLock({ $0 }), known.addresses == addresses { return known.model }
    let client = try KServeClient.shared(
      server.order.endpoint(addresses), options: server.order.clientOptions())
    let model = try await KServeModel(name, client: client)
    connected.withLock { $0 = Connected(addresses: addresses, model: model) }
    return model
  }

  private func forget(_ addresses: ServerAddresses) {
    connected.withLock { if $0?.addresses == addresses { $0 = nil } }
  }

  /// Keeps the server's lease while `body` runs: a task that uses it wants it, also when the driver
  /// finds no slot to say so.
  private func whileRenewing<Result: Sendable>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    let lease = server.folder.lease
    let renewal = Task.detached {
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(3))
        if !Task.isCancelled { try? lease.renew() }
      }
    }
    defer { renewal.cancel() }
    return try await body()
  }
}
