package import Tensors

extension ModelSignature {
  /// The tensors of `tensors` in the model's order.
  ///
  /// - Throws: ``SignatureProblem`` if one is missing or unknown.
  package func ordered(_ tensors: [String: AnyTensor]) throws(SignatureProblem) -> [AnyTensor] {
    var result: [AnyTensor] = []
    result.reserveCapacity(inputs.count)
    for input in inputs {
      guard let tensor = tensors[input.name] else {
        throw SignatureProblem(
          .input, tensor: input.name,
          "there is no tensor for the input \(input); given are \(Self.list(tensors.keys.sorted()))"
        )
      }
      result.append(tensor)
    }
    if tensors.count != inputs.count {
      let known = Set(inputs.map(\.name))
      let unknown = tensors.keys.filter { !known.contains($0) }.sorted()
      throw SignatureProblem(
        .input, tensor: unknown.first,
        "it has no input called \(Self.list(unknown)); it takes \(Self.list(inputs))")
    }
    return result
  }

  /// Checks number, element types and shapes of tensors in the model's order.
  ///
  /// - Throws: ``SignatureProblem`` naming the input.
  package func check(_ tensors: [AnyTensor]) throws(SignatureProblem) {
    try checkTypes(tensors)
    for (tensor, input) in zip(tensors, inputs)
    where input.hasShape && !input.shape.admits(tensor.shape) {
      throw misshapen(tensor, for: input)
    }
  }

  /// Checks number and element types of tensors in the model's order, for a runtime that knows more of
  /// their shapes than ``inputs`` tell.
  ///
  /// - Throws: ``SignatureProblem`` naming the input.
  package func checkTypes(_ tensors: [AnyTensor]) throws(SignatureProblem) {
    guard tensors.count == inputs.count else {
      throw SignatureProblem(
        .input, "it takes \(inputs.count) tensors (\(Self.list(inputs))), not \(tensors.count)")
    }
    for (tensor, input) in zip(tensors, inputs) where tensor.elementType != input.elementType {
      throw SignatureProblem(
        .input, tensor: input.name,
        "the input \(input.name) takes \(input.elementType)\(input.shape), but the tensor holds "
          + "\(tensor.elementType)\(tensor.shape); convert it")
    }
  }

  /// The problem of a tensor whose shape does not fit.
  package func misshapen(_ tensor: AnyTensor, for input: TensorSpecification) -> SignatureProblem {
    SignatureProblem(
      .input, tensor: input.name,
      "the input \(input.name) takes the shape \(input.namedShape), but the tensor has "
        + "\(tensor.shape)")
  }

  /// The position of the output called `name`.
  ///
  /// - Throws: ``SignatureProblem`` for a name that is unknown or stands for something that cannot be
  ///   given.
  package func position(ofOutput name: String) throws(SignatureProblem) -> Int {
    if let position = outputPositions[name] { return position }
    throw SignatureProblem(
      .output, tensor: name,
      refusals[name] ?? "it has no output called \(name); it gives \(Self.list(outputs))")
  }

  /// The positions of the outputs called `names`; of all of them for `nil`.
  ///
  /// - Throws: as ``position(ofOutput:)``.
  package func positions(ofOutputs names: [String]?) throws(SignatureProblem) -> [Int] {
    guard let names else { return Array(outputs.indices) }
    var positions: [Int] = []
    positions.reserveCapacity(names.count)
    for name in names { positions.append(try position(ofOutput: name)) }
    return positions
  }

  /// The position of the only output.
  ///
  /// - Throws: ``SignatureProblem`` if there are several, or none.
  package func positionOfOnlyOutput() throws(SignatureProblem) -> Int {
    if outputs.count == 1 { return 0 }
    throw SignatureProblem(
      .output,
      "it has \(outputs.count) outputs, \(Self.list(outputs)); say which one is wanted, or run it "
        + "with named tensors")
  }

  /// `a, b`, or `none`.
  package static func list(_ items: some Collection<some CustomStringConvertible>) -> String {
    items.isEmpty ? "none" : items.map(\.description).joined(separator: ", ")
  }
}

extension ModelSignature {
  /// The output at `position` without rows, for a model that fails on a batch of none; `nil` if it does
  /// not vary with the batch.
  package func emptyOutput(at position: Int) -> AnyTensor? {
    let output = outputs[position]
    guard output.shape.first == Shape.dynamic else { return nil }
    return try? AnyTensor(
      emptyOf: output.elementType, shape: Shape(output.shape.map { max($0, 0) }))
  }

  /// The message for a run that failed, with the shapes of what was given.
  package func failedRun(on tensors: [AnyTensor], _ text: String) -> String {
    let shapes = zip(inputs, tensors).map { "\($0.name)\($1.shape)" }.joined(separator: ", ")
    return "the run failed on inputs of shapes \(shapes): \(text)"
  }
}
