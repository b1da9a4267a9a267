import ArrowIPC
import Models
import SparkTypes
import Tensors

extension OutputTransform {
  /// The column of what the model gave.
  ///
  /// - Parameter tensor: `[rows, …]`.
  /// - Throws: ``InferenceError`` if it does not have what is to be computed of it, or no part for each row.
  func output(
    _ tensor: AnyTensor, rows: Int, as binding: ModelPrediction.OutputBinding, function: String
  ) throws -> any PredictOutput {
    if rows == 0 {
      return try ArrowColumn(
        [ArrowValue](), type: ModelPrediction.columnType(of: binding).arrowType())
    }
    var numbers = tensor
    switch try choice?.result(
      tensor, rows: rows, as: binding, decimals: decimals, function: function)
    {
    case .classes(let column)?: return column
    case .numbers(let chosen)?: numbers = chosen
    case nil: break
    }
    guard let form else { return rounded(numbers) }
    func failure(_ message: String, _ cause: (any Error)? = nil) -> InferenceError {
      InferenceError(
        .invalidOutput,
        "\(form.name) of the output '\(binding.specification.name)', of shape \(tensor.shape) for "
          + "\(rows) rows: \(message)", function: function, cause: cause)
    }
    guard numbers.shape.first == rows else { throw failure("it has no part for each row") }
    do {
      // They are rounded in the precision of the column.
      if form == .vector { numbers = .float64(try numbers.doubles()) }
      return try form.output(rounded(numbers), rows: rows)
    } catch {
      throw failure("\(error)", error)
    }
  }

  /// The numbers with as many decimal places as they keep.
  func rounded(_ numbers: AnyTensor) -> AnyTensor {
    decimals.flatMap { numbers.rounded(decimals: $0) } ?? numbers
  }
}
