import ArrowIPC
import ErrorCauses
import Models
public import Tensors

/// A cast of numbers to a declared type: exact in integers, to the nearest in floating-point numbers.
struct NumericCast {
  let request: OutputRequest
  /// The number of elements in a row, to name the row of a number that does not fit.
  let perRow: Int

  func failure(_ number: InexactNumber) -> InferenceError {
    request.misfit(number, row: perRow == 0 ? 0 : number.index / perRow)
  }
}

/// A tensor of numbers of whatever type; only ``Tensor`` conforms.
protocol NumericTensor {
  func cast<Target: NumericTensorElement>(
    to: Target.Type, _ cast: NumericCast
  ) throws -> ArrowColumn
}

extension Tensor: NumericTensor where Element: NumericTensorElement {
  func cast<Target: NumericTensorElement>(
    to target: Target.Type, _ cast: NumericCast
  ) throws -> ArrowColumn {
    do {
      return ArrowColumn(try converted(to: Target.self))
    } catch {
      throw cast.failure(error)
    }
  }
}

extension OutputRequest {
  /// The error for a number that the declared type cannot hold.
  func misfit(_ number: InexactNumber, row: Int) -> InferenceError {
    if form == .model {
      let message =
        "\(number.value) does not fit bigint, Spark's widest type of whole numbers, which the output "
        + "becomes; export the model so that it gives int64 or floating-point numbers there, or take "
        + "the other outputs alone with only: (--outputs)"
      var error = failure(message, row: row, cause: number)
      error.fault = RowFault(.number, row: row, "the output '\(field ?? "")': \(message)")
      return error
    }
    let text = "\(number.value) does not fit the declared type \(type) (\(number.elementType))"
    return failure(
      number.isFraction
        ? "\(text): it is no whole number; round it in the function, or declare a floating-point type"
        : "\(text); declare a wider type", row: row, cause: number)
  }
}
