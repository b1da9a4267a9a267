import Models
import Tensors

extension SavedModel {
  /// The tensors of `tensors` in the signature's order.
  ///
  /// - Throws: ``TensorFlowError`` if one is missing, unknown or does not fit.
  func ordered(_ tensors: [String: AnyTensor]) throws -> [AnyTensor] {
    var result: [AnyTensor] = []
    result.reserveCapacity(inputs.count)
    for input in inputs {
      guard let tensor = tensors[input.name] else {
        throw failure(
          .invalidInput,
          "there is no tensor for the input \(input); given are \(Self.list(tensors.keys.sorted()))"
        )
      }
      try check(tensor, for: input)
      result.append(tensor)
    }
    if tensors.count != inputs.count {
      let known = Set(inputs.map(\.name))
      throw failure(
        .invalidInput,
        "it has no input called \(Self.list(tensors.keys.filter { !known.contains($0) }.sorted())); "
          + "it takes \(Self.list(inputs))")
    }
    return result
  }

  /// Checks tensors that are in the signature's order already.
  func checkPositional(_ tensors: [AnyTensor]) throws {
    guard tensors.count == inputs.count else {
      throw failure(
        .invalidInput,
        "it takes \(inputs.count) tensors (\(Self.list(inputs))), not \(tensors.count)")
    }
    for (tensor, input) in zip(tensors, inputs) { try check(tensor, for: input) }
  }

  private func check(_ tensor: AnyTensor, for input: TensorSpecification) throws {
    let shape = tensor.shape
    guard tensor.elementType == input.elementType else {
      throw failure(
        .invalidInput,
        "the input \(input.name) takes \(input.elementType)\(input.shape), but the tensor holds "
          + "\(tensor.elementType)\(shape); convert it")
    }
    if !signature.unranked.contains(input.name), !input.shape.admits(shape) {
      throw failure(
        .invalidInput,
        "the input \(input.name) takes the shape \(input.shape), but the tensor has \(shape)")
    }
  }

  /// The positions of the outputs called `names`; all of them for `nil`.
  ///
  /// - Throws: ``TensorFlowError`` for a name that is unknown or stands for something else than a
  ///   tensor.
  func positions(ofOutputs names: [String]?) throws -> [Int] {
    guard let names else { return Array(outputs.indices) }
    return try names.map { output in
      if let index = outputs.firstIndex(where: { $0.name == output }) { return index }
      if let omitted = omittedOutputs.first(where: { $0.name == output }) {
        throw failure(
          .invalidOutput, "the output \(omitted); or ask for some of \(Self.list(outputs))")
      }
      throw failure(
        .invalidOutput, "it has no output called \(output); it gives \(Self.list(outputs))")
    }
  }

  /// The position of `output`, or of the only one.
  func position(ofOutput output: String?) throws -> Int {
    if let output { return try positions(ofOutputs: [output])[0] }
    guard outputs.count == 1 else {
      throw failure(
        .invalidOutput,
        "it has \(outputs.count) outputs, \(Self.list(outputs)); say which one is wanted, or run it "
          + "with named tensors")
    }
    return 0
  }

  /// An error about this model and signature.
  func failure(_ code: TensorFlowError.Code, _ message: String) -> TensorFlowError {
    TensorFlowError(code, message, model: name, signature: signature.name)
  }

  private static func list(_ items: some Collection<some CustomStringConvertible>) -> String {
    items.isEmpty ? "none" : items.map(\.description).joined(separator: ", ")
  }
}
