import BatchInference
import Tensors

/// A model whose answers a closure gives.
struct StubModel: Model {
  var inputs: [TensorSpecification]
  var outputs: [TensorSpecification]
  var runtime: String { "stub" }
  var answer: @Sendable ([String: AnyTensor]) throws -> [String: AnyTensor]

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] { try answer(inputs) }

  /// A model that records its one input and gives the row numbers of each batch.
  static func recorder(
    _ input: TensorSpecification, _ log: Log<AnyTensor>,
    output: TensorSpecification = tensor("out", .float32, [-1])
  ) -> StubModel {
    StubModel(inputs: [input], outputs: [output]) { inputs in
      guard let tensor = inputs[input.name] else { throw TensorError("no input") }
      log.append(tensor)
      return [output.name: .float32(Tensor((0..<tensor.rowCount).map { Float($0) }))]
    }
  }
}

func tensor(
  _ name: String, _ type: ElementType = .float32, _ shape: Shape
) -> TensorSpecification {
  TensorSpecification(name: name, elementType: type, shape: shape)
}
