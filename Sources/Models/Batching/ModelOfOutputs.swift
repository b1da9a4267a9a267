package import Tensors

/// A model of which only some outputs are wanted: the others are neither computed nor looked at.
package struct ModelOfOutputs: Model {
  private let base: any Model
  package let outputs: [TensorSpecification]

  package init(_ base: any Model, only names: [String]) {
    self.base = base
    outputs = base.outputs.filter { names.contains($0.name) }
  }

  package var inputs: [TensorSpecification] { base.inputs }
  package var runtime: String { base.runtime }
  package var metadata: [String: String] { base.metadata }
  package var hasIndependentRows: Bool { base.hasIndependentRows }

  package func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    try await base.run(inputs, outputs: outputNames ?? outputs.map(\.name))
  }
}
