import Models
import Tensors

/// A model with other names, and perhaps one fixed size, in front of another model.
struct RenamedModel: Model {
  private let base: any Model
  private let names: [String: String]
  let inputs: [TensorSpecification]
  let outputs: [TensorSpecification]

  /// - Parameter size: the only size of the first dimensions that the inputs take.
  init(
    _ base: any Model, size: [Int] = [], inputs: (Int, String) -> String,
    outputs: (Int, String) -> String
  ) {
    func renamed(
      _ specifications: [TensorSpecification], _ name: (Int, String) -> String
    ) -> [TensorSpecification] {
      specifications.enumerated().map { position, specification in
        var result = specification
        result.name = name(position, specification.name)
        return result
      }
    }
    self.base = base
    var taken = renamed(base.inputs, inputs)
    for input in taken.indices {
      for (dimension, size) in size.enumerated() { taken[input].shape[dimension] = size }
    }
    self.inputs = taken
    self.outputs = renamed(base.outputs, outputs)
    names = Dictionary(
      uniqueKeysWithValues: zip(
        (self.inputs + self.outputs).map(\.name), (base.inputs + base.outputs).map(\.name)))
  }

  /// With the names of a SavedModel's signatures: `_` for dots, and `past` for `past_key_values`.
  static func signature(_ base: any Model) -> RenamedModel {
    func renamed(_ position: Int, _ name: String) -> String {
      let parts = name.split(separator: ".")
      return parts.map { $0 == "past_key_values" ? "past" : String($0) }.joined(separator: "_")
    }
    return RenamedModel(base, inputs: renamed, outputs: renamed)
  }

  /// With the names of a package of torch.export, which tell nothing.
  static func package(_ base: any Model, size: [Int] = []) -> RenamedModel {
    RenamedModel(base, size: size) { position, _ in
      "arg\(position)"
    } outputs: { position, _ in
      "out\(position)"
    }
  }

  var runtime: String { base.runtime }

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    for specification in self.inputs {
      let shape = inputs[specification.name]?.shape ?? []
      guard specification.shape.admits(shape) else {
        throw TensorError("\(specification) was given the shape \(shape)")
      }
    }
    let given = Dictionary(
      uniqueKeysWithValues: inputs.map { (names[$0.key] ?? $0.key, $0.value) })
    let results = try await base.run(given, outputs: outputNames?.map { names[$0] ?? $0 })
    return Dictionary(
      uniqueKeysWithValues: outputs.compactMap { output in
        results[names[output.name] ?? ""].map { (output.name, $0) }
      })
  }
}
