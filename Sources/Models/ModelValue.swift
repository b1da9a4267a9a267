public import Tensors

/// What a model gives under one name.
public enum ModelValue: Sendable, Equatable {
  case tensor(AnyTensor)
  /// A map of names to numbers for each row.
  case maps(MapRows)
  /// The tensors of a sequence, each with a part for every row.
  case sequence([AnyTensor])
}

extension Model {
  public var mapOutputs: [String] { [] }
  public var sequenceOutputs: [TensorSpecification] { [] }
  public var omittedOutputs: [OmittedOutput] { [] }

  public func runValues(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: ModelValue] {
    try await run(inputs, outputs: outputNames).mapValues { .tensor($0) }
  }
}
