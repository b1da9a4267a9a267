import Foundation
import Synchronization

/// A model of the server beside this executor.
///
/// The server is looked up, and started if it is not there, when the first batch comes. When it was
/// started again at other addresses, a batch that failed for that is sent once more.
final class NodeServerModel: Model {
  private struct Connected {
    var addresses: ServerAddresses
    var model: KServeModel
  }

  private let server: NodeServer
  private let name: String
  private let described: ServedModel
  private let connected = Mutex<Connected?>(nil)

  /// How often a batch is sent to servers that are lost while they work on it.
  private static let attempts = 3

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
      for attempt in 1... {
        let current = try await connect(otherThan: lost)
        do {
          return try await current.model.run(inputs, outputs: names)
        } catch let error as KServeError
          where error.code == .unavailable && attempt < Self.attempts
        {
          forget(current.addresses)
          lost = current.addresses
        }
      }
      throw KServeError(.unavailable, "the server beside \(server.executor) was lost")
    }
  }

  private func connect(otherThan lost: ServerAddresses?) async throws -> Connected {
    if let known = connected.withLock({ $0 }), known.addresses != lost { return known }
    let addresses = try await server.addresses(otherThan: lost)
    let client = try KServeClient.shared(
      server.order.endpoint(addresses), options: server.order.clientOptions())
    let found = Connected(
      addresses: addresses, model: try await KServeModel(name, client: client))
    connected.withLock { $0 = found }
    return found
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
