import Tensors

/// A model of which only some outputs are wanted: the others are neither computed nor looked at.
struct ModelOfOutputs: Model {
  private let base: any Model
  let outputs: [TensorSpecification]

  init(_ base: any Model, only names: [String]) {
    self.base = base
    outputs = base.outputs.filter { names.contains($0.name) }
  }

  var inputs: [TensorSpecification] { base.inputs }
  var runtime: String { base.runtime }
  var metadata: [String: String] { base.metadata }
  var hasIndependentRows: Bool { base.hasIndependentRows }

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    try await base.run(inputs, outputs: outputNames ?? outputs.map(\.name))
  }
}
