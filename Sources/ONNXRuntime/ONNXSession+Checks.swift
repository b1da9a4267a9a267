import Models
import Tensors

extension ONNXSession {
  /// The tensors of `tensors` in the model's order.
  ///
  /// - Throws: ``ONNXError`` if one is missing, unknown or does not fit.
  func ordered(_ tensors: [String: AnyTensor]) throws -> [AnyTensor] {
    var result: [AnyTensor] = []
    result.reserveCapacity(inputs.count)
    for input in inputs {
      guard let tensor = tensors[input.name] else {
        throw ONNXError(
          .invalidInput,
          "there is no tensor for the input \(input); given are \(Self.list(tensors.keys.sorted()))",
          model: name)
      }
      try check(tensor, for: input)
      result.append(tensor)
    }
    if tensors.count != inputs.count {
      let unknown = tensors.keys.filter { handle.signature.inputIndices[$0] == nil }.sorted()
      throw ONNXError(
        .invalidInput,
        "it has no input called \(Self.list(unknown)); it takes \(Self.list(inputs))", model: name)
    }
    return result
  }

  /// Checks tensors that are in the model's order already.
  func checkPositional(_ tensors: [AnyTensor]) throws {
    guard tensors.count == inputs.count else {
      throw ONNXError(
        .invalidInput,
        "it takes \(inputs.count) tensors (\(Self.list(inputs))), not \(tensors.count)",
        model: name)
    }
    for (tensor, input) in zip(tensors, inputs) { try check(tensor, for: input) }
  }

  private func check(_ tensor: AnyTensor, for input: TensorSpecification) throws {
    let shape = tensor.shape
    guard tensor.elementType == input.elementType else {
      throw ONNXError(
        .invalidInput,
        "the input \(input.name) takes \(input.elementType)\(input.shape), but the tensor holds "
          + "\(tensor.elementType)\(shape); convert it",
        model: name)
    }
    if !unranked.contains(input.name), !input.shape.admits(shape) {
      throw ONNXError(
        .invalidInput,
        "the input \(input.name) takes the shape \(Self.describe(input)), but the tensor has "
          + "\(shape)",
        model: name)
    }
  }

  /// The positions of the outputs called `names`, tensors first, then maps; for `nil` of all tensors, and
  /// of the maps if they are wanted too.
  ///
  /// - Throws: ``ONNXError`` for a name that is unknown or stands for something that cannot be given.
  func positions(ofOutputs names: [String]?, withMaps: Bool = false) throws -> [Int] {
    guard let names else {
      return Array(0..<outputs.count + (withMaps ? mapOutputs.count : 0))
    }
    return try names.map { output in
      if let index = handle.signature.outputIndices[output] {
        guard index >= outputs.count, !withMaps else { return index }
        throw ONNXError(
          .invalidOutput,
          "the output \(output) is \(handle.signature.maps[index - outputs.count].type), not a "
            + "tensor; call runValues for it, or export the model so that it gives a tensor (for "
            + "scikit-learn with the option zipmap=False)",
          model: name)
      }
      if let omitted = omittedOutputs.first(where: { $0.name == output }) {
        throw ONNXError(.invalidOutput, "the output \(omitted)", model: name)
      }
      throw ONNXError(
        .invalidOutput,
        "it has no output called \(output); it gives \(Self.list(outputs))", model: name)
    }
  }

  /// The position of `output`, or of the only one.
  func position(ofOutput output: String?) throws -> Int {
    if let output { return try positions(ofOutputs: [output])[0] }
    guard outputs.count == 1 else {
      throw ONNXError(
        .invalidOutput,
        "it has \(outputs.count) outputs, \(Self.list(outputs)); say which one is wanted, or run it "
          + "with named tensors",
        model: name)
    }
    return 0
  }

  private static func list(_ items: some Collection<some CustomStringConvertible>) -> String {
    items.isEmpty ? "none" : items.map(\.description).joined(separator: ", ")
  }

  /// The shape with the names of its varying dimensions: `[batch, 784]`.
  private static func describe(_ input: TensorSpecification) -> String {
    let parts = input.shape.indices.map { index in
      if input.shape[index] >= 0 { return String(input.shape[index]) }
      return index < input.dimensionNames.count ? input.dimensionNames[index] ?? "?" : "?"
    }
    return "[" + parts.joined(separator: ", ") + "]"
  }
}
