import BatchInference
import Tensors

/// A model whose inputs and outputs are called as in a SavedModel's signatures: `_` for dots, and
/// `past` for `past_key_values`.
struct RenamedModel: Model {
  private let base: any Model
  private let names: [String: String]

  init(_ base: any Model) {
    self.base = base
    names = Dictionary(
      uniqueKeysWithValues: (base.inputs + base.outputs).map { (Self.renamed($0.name), $0.name) })
  }

  private static func renamed(_ name: String) -> String {
    let parts = name.split(separator: ".")
    return parts.map { $0 == "past_key_values" ? "past" : String($0) }.joined(separator: "_")
  }

  private func renamed(_ specifications: [TensorSpecification]) -> [TensorSpecification] {
    specifications.map {
      var result = $0
      result.name = Self.renamed($0.name)
      return result
    }
  }

  var inputs: [TensorSpecification] { renamed(base.inputs) }
  var outputs: [TensorSpecification] { renamed(base.outputs) }
  var runtime: String { base.runtime }

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    let inputs = Dictionary(
      uniqueKeysWithValues: inputs.map { (names[$0.key] ?? $0.key, $0.value) })
    let results = try await base.run(inputs, outputs: outputNames?.map { names[$0] ?? $0 })
    return Dictionary(uniqueKeysWithValues: results.map { (Self.renamed($0.key), $0.value) })
  }
}
