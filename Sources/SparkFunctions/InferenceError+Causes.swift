import ErrorCauses
import Models

extension InferenceError {
  /// Why a model could not be loaded, unless the task was cancelled.
  static func loading(_ error: any Error, function: String) -> any Error {
    if error is CancellationError { return error }
    if var error = error as? InferenceError {
      error.function = error.function ?? function
      return error
    }
    return InferenceError(
      .modelLoad, "the model could not be loaded: \(error)", function: function, cause: error)
  }

  /// Why a batch failed, unless the task was cancelled.
  static func predicting(
    _ error: any Error, rows first: Int, _ last: Int, of whole: String, advice: String? = nil,
    function: String
  ) -> any Error {
    if error is CancellationError { return error }
    var failure = InferenceError(
      .prediction,
      "failed on rows \(first) to \(last) of \(whole): \(error)"
        + (advice.map { "; \($0)" } ?? ""),
      function: function, cause: error)
    failure.fault = error.faultOfRows.map { RowFault($0, "\(error)") }
    return failure
  }
}
