import Models
import Tensors

extension TorchModel {
  /// Checks tensors in the model's order; the number of rows may be outside the bounds.
  ///
  /// The compiled code checks nothing: a wrong size would make it read beyond its memory.
  ///
  /// - Returns: the number of rows, `nil` if no input has any, and the sizes of all symbols.
  /// - Throws: ``TorchError`` if one does not fit, or two have different sizes where they must agree.
  func fit(_ tensors: [AnyTensor]) throws -> (rows: Int?, symbols: [String: Int]) {
    try translated { () throws(SignatureProblem) in try modelSignature.checkTypes(tensors) }
    var symbols: [String: Int] = [:]
    var rows: Int?
    for index in tensors.indices {
      let (tensor, input) = (tensors[index], inputs[index])
      let layout = signature.layouts[index]
      guard tensor.shape.rank == layout.sizes.count else { throw misshapen(tensor, input) }
      for axis in layout.sizes.indices {
        let size = tensor.shape[axis]
        if axis == 0, signature.isBatched[index] {
          if let rows, rows != size {
            throw failure(
              .invalidInput, "the input \(input.name) has \(size) rows, and another one has \(rows)"
            )
          }
          rows = size
          if case .symbol(let symbol) = layout.sizes[0] { symbols[symbol] = size }
        } else {
          try check(size, axis: axis, of: layout, input, tensor, &symbols)
        }
      }
    }
    return (rows, symbols)
  }

  private func check(
    _ size: Int, axis: Int, of layout: InputLayout, _ input: TensorSpecification,
    _ tensor: AnyTensor, _ symbols: inout [String: Int]
  ) throws {
    if !layout.bounds[axis].contains(size) {
      let bounds = layout.bounds[axis]
      throw failure(
        .invalidInput,
        "dimension \(axis) of the input \(input.name) must be \(Self.describe(bounds)), but the "
          + "tensor has the shape \(tensor.shape)")
    }
    switch layout.sizes[axis] {
    case .number(let expected):
      guard size == expected else { throw misshapen(tensor, input) }
    case .symbol(let symbol):
      if let other = symbols[symbol], other != size {
        throw failure(
          .invalidInput,
          "dimension \(axis) of the input \(input.name) is \(size), and must be \(other) as in the "
            + "inputs before it; the tensor has the shape \(tensor.shape)")
      }
      symbols[symbol] = size
    case let expression:
      if let expected = expression.value(symbols) {
        guard expected == size else { throw misshapen(tensor, input) }
        return
      }
      let unknown = expression.symbols.filter { symbols[$0] == nil }
      guard unknown.count == 1, let symbol = unknown.first,
        let value = expression.solved(for: symbol, value: size, symbols), value >= 0
      else {
        throw failure(
          .invalidInput,
          "dimension \(axis) of the input \(input.name) depends on others of the model's sizes, and "
            + "\(size) does not fit; the tensor has the shape \(tensor.shape)")
      }
      symbols[symbol] = value
    }
  }

  private func misshapen(_ tensor: AnyTensor, _ input: TensorSpecification) -> any Error {
    failure(modelSignature.misshapen(tensor, for: input))
  }

  /// The error for a batch that the compiled code does not take.
  func badBatch(_ rows: Int, _ bounds: ClosedRange<Int>) -> TorchError {
    let why =
      options.fitsBatches
      ? "one of its outputs does not have a row for each row, so that the batch cannot be filled up (only:, "
        + "--outputs, takes the others alone)"
      : "TorchModelOptions.fitsBatches is off"
    return failure(
      .invalidInput,
      "it was compiled for batches of \(Self.describe(bounds)) rows, and the tensors have \(rows); "
        + "\(why). Give it such batches, or compile it for others")
  }

  private static func describe(_ bounds: ClosedRange<Int>) -> String {
    if bounds.lowerBound == bounds.upperBound { return "\(bounds.lowerBound)" }
    if bounds.upperBound == .max { return "at least \(bounds.lowerBound)" }
    return "\(bounds.lowerBound) to \(bounds.upperBound)"
  }
}
