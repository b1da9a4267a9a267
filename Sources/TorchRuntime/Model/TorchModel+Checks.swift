import Models
import Tensors

extension TorchModel {
  /// The tensors of `tensors` in the model's order.
  ///
  /// - Throws: ``TorchError`` if one is missing or unknown.
  func ordered(_ tensors: [String: AnyTensor]) throws(TorchError) -> [AnyTensor] {
    var result: [AnyTensor] = []
    result.reserveCapacity(inputs.count)
    for input in inputs {
      guard let tensor = tensors[input.name] else {
        throw TorchError(
          .invalidInput,
          "there is no tensor for the input \(input); given are \(Self.list(tensors.keys.sorted()))",
          model: name)
      }
      result.append(tensor)
    }
    if tensors.count != inputs.count {
      let unknown = tensors.keys.filter { inputIndices[$0] == nil }.sorted()
      throw TorchError(
        .invalidInput,
        "it has no input called \(Self.list(unknown)); it takes \(Self.list(inputs))", model: name)
    }
    return result
  }

  /// Checks tensors in the model's order; the number of rows may be outside the bounds.
  ///
  /// The compiled code checks nothing: a wrong size would make it read beyond its memory.
  ///
  /// - Returns: the number of rows, `nil` if no input has any, and the sizes of all symbols.
  /// - Throws: ``TorchError`` if one does not fit, or two have different sizes where they must agree.
  func check(
    _ tensors: [AnyTensor]
  ) throws(TorchError) -> (rows: Int?, symbols: [String: Int]) {
    guard tensors.count == inputs.count else {
      throw TorchError(
        .invalidInput,
        "it takes \(inputs.count) tensors (\(Self.list(inputs))), not \(tensors.count)",
        model: name)
    }
    var symbols: [String: Int] = [:]
    var rows: Int?
    for index in tensors.indices {
      let (tensor, input) = (tensors[index], inputs[index])
      guard tensor.elementType == input.elementType else {
        throw TorchError(
          .invalidInput,
          "the input \(input.name) takes \(input.elementType)\(input.shape), but the tensor holds "
            + "\(tensor.elementType)\(tensor.shape); convert it",
          model: name)
      }
      let layout = signature.layouts[index]
      guard tensor.shape.rank == layout.sizes.count else { throw badShape(input, tensor) }
      for axis in layout.sizes.indices {
        let size = tensor.shape[axis]
        if axis == 0, signature.isBatched[index] {
          if let rows, rows != size {
            throw TorchError(
              .invalidInput,
              "the input \(input.name) has \(size) rows, and another one has \(rows)", model: name)
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
  ) throws(TorchError) {
    if !layout.bounds[axis].contains(size) {
      let bounds = layout.bounds[axis]
      throw TorchError(
        .invalidInput,
        "dimension \(axis) of the input \(input.name) must be \(Self.describe(bounds)), but the "
          + "tensor has the shape \(tensor.shape)",
        model: name)
    }
    switch layout.sizes[axis] {
    case .number(let expected):
      guard size == expected else { throw badShape(input, tensor) }
    case .symbol(let symbol):
      if let other = symbols[symbol], other != size {
        throw TorchError(
          .invalidInput,
          "dimension \(axis) of the input \(input.name) is \(size), and must be \(other) as in the "
            + "inputs before it; the tensor has the shape \(tensor.shape)",
          model: name)
      }
      symbols[symbol] = size
    case let expression:
      if let expected = expression.value(symbols) {
        guard expected == size else { throw badShape(input, tensor) }
        return
      }
      let unknown = expression.symbols.filter { symbols[$0] == nil }
      guard unknown.count == 1, let symbol = unknown.first,
        let value = expression.solved(for: symbol, value: size, symbols), value >= 0
      else {
        throw TorchError(
          .invalidInput,
          "dimension \(axis) of the input \(input.name) depends on others of the model's sizes, and "
            + "\(size) does not fit; the tensor has the shape \(tensor.shape)",
          model: name)
      }
      symbols[symbol] = value
    }
  }

  private func badShape(_ input: TensorSpecification, _ tensor: AnyTensor) -> TorchError {
    TorchError(
      .invalidInput,
      "the input \(input.name) takes the shape \(Self.describe(input)), but the tensor has "
        + "\(tensor.shape)",
      model: name)
  }

  /// The error for a batch that the compiled code does not take.
  func badBatch(_ rows: Int, _ bounds: ClosedRange<Int>) -> TorchError {
    let why =
      options.fitsBatches
      ? "one of its outputs does not have a row for each row, so that the batch cannot be filled up"
      : "TorchModelOptions.fitsBatches is off"
    return TorchError(
      .invalidInput,
      "it was compiled for batches of \(Self.describe(bounds)) rows, and the tensors have \(rows); "
        + "\(why). Give it such batches, or compile it for others",
      model: name)
  }

  /// The positions of the outputs called `names`; all of them for `nil`.
  ///
  /// - Throws: ``TorchError`` for a name that is unknown.
  func positions(ofOutputs names: [String]?) throws(TorchError) -> [Int] {
    guard let names else { return Array(outputs.indices) }
    var positions: [Int] = []
    for output in names {
      guard let index = outputIndices[output] else {
        throw TorchError(
          .invalidOutput,
          "it has no output called \(output); it gives \(Self.list(outputs))", model: name)
      }
      positions.append(index)
    }
    return positions
  }

  /// The position of `output`, or of the only one.
  func position(ofOutput output: String?) throws(TorchError) -> Int {
    if let output { return try positions(ofOutputs: [output])[0] }
    guard outputs.count == 1 else {
      throw TorchError(
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

  private static func describe(_ bounds: ClosedRange<Int>) -> String {
    if bounds.lowerBound == bounds.upperBound { return "\(bounds.lowerBound)" }
    if bounds.upperBound == .max { return "at least \(bounds.lowerBound)" }
    return "\(bounds.lowerBound) to \(bounds.upperBound)"
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
