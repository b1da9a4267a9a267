import Models
import Tensors

/// A model whose answers a closure gives.
struct StubModel: Model {
  var inputs: [TensorSpecification]
  var outputs: [TensorSpecification]
  var runtime: String { "stub" }
  var hasIndependentRows = false
  var answer: @Sendable ([String: AnyTensor]) throws -> [String: AnyTensor]

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] { try answer(inputs) }

  /// A model that records its one input and gives the row numbers of each batch; it says that its rows
  /// are independent, so that no rows are run alone.
  static func recorder(
    _ input: TensorSpecification, _ log: Log<AnyTensor>,
    output: TensorSpecification = tensor("out", .float32, [-1])
  ) -> StubModel {
    var model = StubModel(inputs: [input], outputs: [output]) { inputs in
      guard let tensor = inputs[input.name] else { throw TensorError("no input") }
      log.append(tensor)
      return [output.name: .float32(Tensor((0..<tensor.rowCount).map { Float($0) }))]
    }
    model.hasIndependentRows = true
    return model
  }

  /// A model of one number a row, the number of the row, that gives the rows of `result`.
  static func giver(_ output: TensorSpecification, _ result: AnyTensor) -> StubModel {
    StubModel(inputs: [tensor("x", .float32, [-1])], outputs: [output]) { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      guard x.rowCount == 1 else { return [output.name: result] }
      return [output.name: try result.slicingRows(Int(x[0])..<Int(x[0]) + 1)]
    }
  }
}

/// A tensor whose first dimension is called N if it varies.
func tensor(
  _ name: String, _ type: ElementType = .float32, _ shape: Shape
) -> TensorSpecification {
  TensorSpecification(
    name: name, elementType: type, shape: shape,
    dimensionNames: shape.indices.map { $0 == 0 && shape[0] < 0 ? "N" : nil })
}
