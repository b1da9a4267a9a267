import FoundationEssentials

/// An input that takes any number of columns.
protocol AllColumnsInput {}

extension Decodable {
  /// The parameters that the driver sent.
  ///
  /// - Throws: ``InferenceError`` when they are not of this type.
  init(_ invocation: FunctionInvocation, function: String) throws {
    let json = invocation.parameters.isEmpty ? Array("{}".utf8) : invocation.parameters
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(json))
    } catch {
      throw InferenceError(
        .invalidCommand, "its parameters are not those of the function: \(error)",
        function: function)
    }
  }
}

extension ModelCache.Key {
  /// What a function's model depends on: the function, its parameters, and the session's files.
  init(_ invocation: FunctionInvocation, _ worker: WorkerContext) {
    self.init(
      id: "\(invocation.id)@\(worker.filesDirectory)", parameters: invocation.parameters)
  }
}

extension InferenceError {
  /// Why a model could not be loaded, unless the task was cancelled.
  static func loading(_ error: any Error, function: String) -> any Error {
    if error is CancellationError { return error }
    if var error = error as? InferenceError {
      error.function = error.function ?? function
      return error
    }
    return InferenceError(
      .modelLoad, "the model could not be loaded: \(error)", function: function)
  }

  /// Why a batch failed, unless the task was cancelled.
  static func predicting(
    _ error: any Error, rows first: Int, _ last: Int, function: String
  ) -> any Error {
    if error is CancellationError { return error }
    return InferenceError(
      .prediction, "failed on rows \(first) to \(last) of the partition: \(error)",
      function: function)
  }
}
