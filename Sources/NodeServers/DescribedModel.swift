import HostProcesses
import KServeClient
import Models
import Tensors

/// What the driver, which cannot reach the servers, knows of a model of theirs.
struct DescribedModel: Model {
  let served: ServedModel

  var inputs: [TensorSpecification] { served.inputs }
  var outputs: [TensorSpecification] { served.outputs }
  var runtime: String { "\(served.platform) on servers beside the executors" }

  func run(
    _ inputs: [String: AnyTensor], outputs: [String]?
  ) async throws -> [String: AnyTensor] {
    throw NeedletailError(
      .nodeServers,
      "the servers of '\(served.name)' run beside the executors, not here: predict a table "
        + "with servers.model(), or call them in a function, which runs there")
  }
}
