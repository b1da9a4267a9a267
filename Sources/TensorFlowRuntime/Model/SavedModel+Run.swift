import Models
import Tensors
import Threads

extension SavedModel {
  /// Runs the signature on one tensor for each input and returns the outputs called `outputNames`,
  /// all tensors if `nil`.
  ///
  /// A run that has begun is not interrupted when the task is cancelled; its result is dropped.
  ///
  /// - Throws: ``TensorFlowError`` naming the input or output that does not fit, or with the runtime's
  ///   text; `CancellationError`.
  public func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    try Task.checkCancellation()
    let tensors = try ordered(inputs)
    let positions = try positions(ofOutputs: outputNames)
    let results = try execute(tensors, positions)
    try Task.checkCancellation()
    return named(results, positions)
  }

  /// Runs the signature on one tensor for each input, on the calling thread, and returns all outputs.
  ///
  /// - Throws: ``TensorFlowError`` naming the input that does not fit, or with the runtime's text.
  public func run(_ inputs: [String: AnyTensor]) throws -> [String: AnyTensor] {
    let positions = Array(outputs.indices)
    return named(try execute(ordered(inputs), positions), positions)
  }

  /// Runs the signature on tensors in the order of ``inputs`` and returns those of ``outputs``.
  ///
  /// - Throws: ``TensorFlowError`` naming the input that does not fit, or with the runtime's text.
  public func run(_ inputs: [AnyTensor]) throws -> [AnyTensor] {
    try checkPositional(inputs)
    return try execute(inputs, Array(outputs.indices))
  }

  /// Runs the signature on tensors in the order of ``inputs``, one for each, and returns one output.
  ///
  /// ```swift
  /// let scores: Tensor<Float> = try model.run(ids, mask)
  /// ```
  ///
  /// - Parameter output: the output's name, which may be left out if there is one only.
  /// - Throws: ``TensorFlowError`` naming the input or output that does not fit, or with the
  ///   runtime's text.
  public func run<each Input: TensorElement, Output: TensorElement>(
    _ inputs: repeat Tensor<each Input>, output: String? = nil
  ) throws -> Tensor<Output> {
    var tensors: [AnyTensor] = []
    for input in repeat each inputs { tensors.append(AnyTensor(input)) }
    return try typed(runOne(tensors, output: output))
  }

  /// Runs a signature with a single input of strings.
  ///
  /// - Throws: as the form with tensors of numbers.
  public func run<Output: TensorElement>(
    _ strings: StringTensor, output: String? = nil
  ) throws -> Tensor<Output> {
    try typed(runOne([.string(strings)], output: output))
  }

  /// Runs a signature on tensors in the order of ``inputs``, one for each, and returns one output of
  /// strings.
  ///
  /// - Throws: as the form with tensors of numbers.
  public func run<each Input: TensorElement>(
    _ inputs: repeat Tensor<each Input>, output: String? = nil
  ) throws -> StringTensor {
    var tensors: [AnyTensor] = []
    for input in repeat each inputs { tensors.append(AnyTensor(input)) }
    let (result, specification) = try runOne(tensors, output: output)
    guard case .string(let strings) = result else {
      throw failure(.invalidOutput, "the output \(specification) holds no strings")
    }
    return strings
  }

  private func runOne(
    _ tensors: [AnyTensor], output: String?
  ) throws -> (AnyTensor, TensorSpecification) {
    try checkPositional(tensors)
    let position = try position(ofOutput: output)
    return (try execute(tensors, [position])[0], outputs[position])
  }

  private func typed<Output: TensorElement>(
    _ result: (tensor: AnyTensor, specification: TensorSpecification)
  ) throws -> Tensor<Output> {
    if let tensor = result.tensor.fixedWidth as? Tensor<Output> { return tensor }
    throw failure(
      .invalidOutput,
      "the output \(result.specification) was asked for as \(Output.elementType)")
  }

  private func named(_ results: [AnyTensor], _ positions: [Int]) -> [String: AnyTensor] {
    Dictionary(
      zip(positions.map { outputs[$0].name }, results), uniquingKeysWith: { first, _ in first })
  }

  /// Runs the signature on checked tensors in its own order and returns the outputs at `positions`.
  private func execute(_ tensors: [AnyTensor], _ positions: [Int]) throws -> [AnyTensor] {
    if positions.isEmpty { return [] }
    handle.gate?.enter()
    defer { handle.gate?.leave() }
    do throws(TensorFlowStatus) {
      return try collect(compute(tensors, positions), positions)
    } catch {
      if tensors.contains(where: { $0.shape.elementCount == 0 }),
        let empty = emptyOutputs(positions)
      {
        return empty
      }
      let shapes = zip(inputs, tensors).map { "\($0.name)\($1.shape)" }.joined(separator: ", ")
      throw failure(.run, "the run failed on inputs of shapes \(shapes): \(error.text)")
    }
  }

  /// The runtime's values for the outputs at `positions`.
  private func compute(
    _ tensors: [AnyTensor], _ positions: [Int]
  ) throws(TensorFlowStatus) -> [TensorFlowTensor?] {
    let api = handle.library.api
    var inputTensors: [TensorFlowTensor] = []
    inputTensors.reserveCapacity(tensors.count)
    for tensor in tensors {
      inputTensors.append(
        try TensorFlowTensor(
          tensor, copiesStrings: handle.metaGraph.keepsStrings, api: api))
    }
    let inputPointers: [OpaquePointer?] = inputTensors.map(\.pointer)
    let wanted = positions.map { fetches[$0] }
    var outputPointers = [OpaquePointer?](repeating: nil, count: positions.count)
    do throws(TensorFlowStatus) {
      try api.checked { status in
        feeds.withUnsafeBytes { feeds in
          wanted.withUnsafeBytes { wanted in
            // The runtime takes no null pointers, even for no inputs.
            var nothing: UInt64 = 0
            withUnsafeBytes(of: &nothing) { nothing in
              guard let none = nothing.baseAddress else { return }
              api.run(
                handle.session, handle.runOptions, feeds.baseAddress ?? none, inputPointers,
                Int32(clamping: inputPointers.count), wanted.baseAddress ?? none, &outputPointers,
                Int32(clamping: positions.count), nil, 0, nil, status)
            }
          }
        }
      }
    } catch {
      for case let pointer? in outputPointers { api.deleteTensor(pointer) }
      throw error
    }
    withExtendedLifetime(inputTensors) {}
    return outputPointers.map { $0.map { TensorFlowTensor(owning: $0, api: api) } }
  }

  private func collect(
    _ values: [TensorFlowTensor?], _ positions: [Int]
  ) throws(TensorFlowStatus) -> [AnyTensor] {
    var results: [AnyTensor] = []
    results.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      do {
        guard let value else { throw TensorFlowStatus(code: 13, text: "the model left it out") }
        results.append(try value.tensor())
      } catch {
        let text = (error as? TensorFlowStatus)?.text ?? "\(error)"
        throw TensorFlowStatus(
          code: 13, text: "the output \(outputs[positions[index]]) cannot be read: \(text)")
      }
    }
    return results
  }

  /// Outputs without rows, for a model that fails on a batch of none; `nil` if an output does not
  /// vary with the batch.
  private func emptyOutputs(_ positions: [Int]) -> [AnyTensor]? {
    var results: [AnyTensor] = []
    for position in positions {
      let output = outputs[position]
      guard output.shape.first == Shape.dynamic else { return nil }
      let shape = Shape(output.shape.map { max($0, 0) })
      guard let empty = try? AnyTensor(emptyOf: output.elementType, shape: shape) else {
        return nil
      }
      results.append(empty)
    }
    return results
  }
}
