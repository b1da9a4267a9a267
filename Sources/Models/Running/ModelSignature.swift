/// What a model takes and gives, ready to check each run by.
public struct ModelSignature: Sendable {
  /// The tensors that the model takes, in its own order.
  public let inputs: [TensorSpecification]
  /// The tensors that the model gives, in its own order.
  public let outputs: [TensorSpecification]
  /// What to say to those who ask for an output that the model has and a run cannot give as a tensor.
  public let refusals: [String: String]
  let outputPositions: [String: Int]

  public init(
    inputs: [TensorSpecification], outputs: [TensorSpecification], refusals: [String: String] = [:]
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.refusals = refusals
    outputPositions = Dictionary(zip(outputs.map(\.name), outputs.indices)) { first, _ in first }
  }
}

extension ModelSignature: CustomStringConvertible {
  /// `(x: float32[?, 3]) -> (y: float32[?])`
  public var description: String {
    let takes = inputs.map(\.description).joined(separator: ", ")
    let gives = outputs.map(\.description).joined(separator: ", ")
    return "(\(takes)) -> (\(gives))"
  }
}
