import FoundationEssentials
import SparkFunctions

/// The kinds of servers that run beside executors.
enum NodeServerBackend: Sendable, Hashable, Codable {
  case needletail(NeedletailBackend)
  case tritonserver(TritonBackend)
  case pytriton(PyTritonBackend)

  /// The backend with the places of its files on this executor.
  func resolved(for worker: WorkerContext, on executor: ExecutorIdentity) throws
    -> NodeServerBackend
  {
    switch self {
    case .needletail(let backend):
      return .needletail(try backend.resolved(for: worker, on: executor))
    case .tritonserver(let backend): return .tritonserver(backend.resolved(for: worker))
    case .pytriton(let backend): return .pytriton(backend.resolved(for: worker))
    }
  }

  /// What starts the server of a resolved order.
  static func launch(_ order: NodeServerOrder) -> any ServerLaunch {
    switch order.backend {
    case .needletail(let backend): NeedletailLaunch(order: order, backend: backend)
    case .tritonserver(let backend): TritonLaunch(order: order, backend: backend)
    case .pytriton(let backend): PyTritonLaunch(order: order, backend: backend)
    }
  }
}

/// Starts the server of an order, which is asked by the calls of KServe whatever it is.
protocol OrderLaunch: ServerLaunch {
  var order: NodeServerOrder { get }
}

extension OrderLaunch {
  func isReady(_ addresses: ServerAddresses) async -> Bool { await order.isReady(addresses) }
  func isLive(_ addresses: ServerAddresses) async -> Bool { await order.isLive(addresses) }
}
