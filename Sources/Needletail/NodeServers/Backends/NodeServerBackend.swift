import Foundation

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

extension String {
  /// A file that the driver sent, or a path on the executors.
  func located(by worker: WorkerContext) -> String { worker.file(self) }
}
