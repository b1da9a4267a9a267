import KServeProtocol
import Logging
import Models
import Tensors

extension ServedModel {
  /// Checks what the closure returned: all that was asked for, the declared element types and
  /// shapes, and `rows` rows (any number if `nil`).
  ///
  /// - Parameter isJoined: whether the rows are those of several requests. Of a single one's, outputs of
  ///   ``undeclaredOutputs`` may have any number.
  /// - Throws: `InferenceError` naming the output.
  func check(
    _ outputs: [String: AnyTensor], rows: Int? = nil, isJoined: Bool = false, requested: [String]
  ) throws {
    for name in requested where outputs[name] == nil && configuration.isStrict {
      throw invalidOutput(
        "the output '\(name)' is missing from the result, which has "
          + (outputs.isEmpty ? "none" : outputs.keys.sorted().joined(separator: ", ")))
    }
    for (name, tensor) in outputs {
      guard let index = outputIndexes[name] else {
        if configuration.isStrict {
          throw invalidOutput("the result has an output '\(name)' that was not declared")
        }
        continue
      }
      let specification = self.outputs[index]
      if configuration.isStrict {
        guard tensor.elementType == specification.elementType else {
          throw invalidOutput(
            "the output '\(name)' holds \(tensor.elementType), \(specification.elementType) was declared"
          )
        }
        guard !specification.hasShape || specification.shape.admits(tensor.shape) else {
          throw invalidOutput(
            "the output '\(name)' has the shape \(tensor.shape), \(specification.shape) was declared"
          )
        }
      }
      if !isJoined, undeclaredOutputs.contains(name) { continue }
      if isBatching, let rows, tensor.shape.rank == 0 || tensor.rowCount != rows {
        throw invalidOutput(
          "the output '\(name)' has the shape \(tensor.shape) for a batch of \(rows) rows")
      }
    }
  }

  private func invalidOutput(_ message: String) -> InferenceError {
    InferenceError(.invalidOutput, message, function: name)
  }

  /// What clients are told of a closure's error; the whole of it goes to the log.
  func failure(_ error: any Error) -> KServeError {
    if let error = error as? KServeServerError, error.code == .unrecoverable {
      var known = error
      known.model = known.model ?? name
      onUnrecoverable(known)
    }
    logger.error(
      "a batch failed", metadata: ["model": "\(name)", "error": "\(error)"])
    if let error = error as? KServeError { return error }
    let text = ErrorText.withoutPaths("\(error)")
    return KServeError(
      .internal, "Failed to process the request(s) for model '\(name)', message: \(text)",
      cause: error)
  }

  /// A batch of zeros and empty strings; dimensions known only at run time are 1.
  func zeroBatch(rows: Int) throws -> ModelBatch {
    let rows = isBatching ? min(max(rows, 1), configuration.maxBatchSize) : 1
    var tensors: [String: AnyTensor] = [:]
    for input in inputs where !configuration.optionalInputs.contains(input.name) {
      var shape = Shape(input.shape.map { $0 < 0 ? 1 : $0 })
      if isBatching, shape.rank > 0 { shape[0] = rows }
      tensors[input.name] = try AnyTensor(zerosOf: input.elementType, shape: shape)
    }
    return ModelBatch(
      model: name, version: configuration.version, rowCount: rows, inputs: tensors,
      requestedOutputs: outputs.map(\.name))
  }
}
