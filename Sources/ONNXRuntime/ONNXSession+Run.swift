import Models
import Tensors
import Threads

extension ONNXSession {
  /// Runs the model on one tensor for each input and returns the outputs called `outputNames`, all
  /// tensors if `nil`.
  ///
  /// If the task is cancelled, the runtime stops after the operator that it is at.
  ///
  /// - Throws: ``ONNXError`` naming the input or output that does not fit, or with the runtime's text;
  ///   `CancellationError`.
  public func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    let positions = try positions(ofOutputs: outputNames)
    return named(try Self.tensors(await run(inputs, positions)), positions)
  }

  /// The same with the outputs that are maps, which are among those that `nil` stands for. A model that
  /// gives one map for all rows has one row.
  ///
  /// - Throws: as ``run(_:outputs:)``.
  public func runValues(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: ModelValue] {
    let positions = try positions(ofOutputs: outputNames, withMaps: true)
    let names = outputs.map(\.name) + mapOutputs
    return Dictionary(zip(positions.map { names[$0] }, try await run(inputs, positions))) {
      first, _ in first
    }
  }

  private func run(
    _ inputs: [String: AnyTensor], _ positions: [Int]
  ) async throws -> [ModelValue] {
    try Task.checkCancellation()
    let tensors = try ordered(inputs)
    let options = try ONNXRunOptions(api: library.api, model: name)
    do {
      let results = try await withTaskCancellationHandler {
        try execute(tensors, positions, options)
      } onCancel: {
        options.terminate()
      }
      return results
    } catch {
      try Task.checkCancellation()
      throw error
    }
  }

  /// Runs the model on one tensor for each input, on the calling thread, and returns all outputs.
  ///
  /// - Throws: ``ONNXError`` naming the input that does not fit, or with the runtime's text.
  public func run(_ inputs: [String: AnyTensor]) throws -> [String: AnyTensor] {
    let positions = Array(outputs.indices)
    return named(try Self.tensors(execute(ordered(inputs), positions, nil)), positions)
  }

  /// Runs the model on tensors in the order of ``inputs`` and returns those of ``outputs``.
  ///
  /// - Throws: ``ONNXError`` naming the input that does not fit, or with the runtime's text.
  public func run(_ inputs: [AnyTensor]) throws -> [AnyTensor] {
    try checkPositional(inputs)
    return try Self.tensors(execute(inputs, Array(outputs.indices), nil))
  }

  /// Runs the model on tensors in the order of ``inputs``, one for each, and returns one output.
  ///
  /// ```swift
  /// let scores: Tensor<Float> = try model.run(ids, mask)
  /// ```
  ///
  /// - Parameter output: the output's name, which may be left out if there is one only.
  /// - Throws: ``ONNXError`` naming the input or output that does not fit, or with the runtime's text.
  public func run<each Input: TensorElement, Output: TensorElement>(
    _ inputs: repeat Tensor<each Input>, output: String? = nil
  ) throws -> Tensor<Output> {
    var tensors: [AnyTensor] = []
    for input in repeat each inputs { tensors.append(AnyTensor(input)) }
    return try typed(runOne(tensors, output: output))
  }

  /// Runs a model with a single input of strings.
  ///
  /// - Throws: as the form with tensors of numbers.
  public func run<Output: TensorElement>(
    _ strings: StringTensor, output: String? = nil
  ) throws -> Tensor<Output> {
    try typed(runOne([.string(strings)], output: output))
  }

  /// Runs a model on tensors in the order of ``inputs``, one for each, and returns one output of
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
      throw ONNXError(
        .invalidOutput, "the output \(specification) holds no strings", model: name)
    }
    return strings
  }

  private func runOne(
    _ tensors: [AnyTensor], output: String?
  ) throws -> (AnyTensor, TensorSpecification) {
    try checkPositional(tensors)
    let position = try position(ofOutput: output)
    return (try Self.tensors(execute(tensors, [position], nil))[0], outputs[position])
  }

  private func typed<Output: TensorElement>(
    _ result: (tensor: AnyTensor, specification: TensorSpecification)
  ) throws -> Tensor<Output> {
    if let tensor = result.tensor.fixedWidth as? Tensor<Output> { return tensor }
    throw ONNXError(
      .invalidOutput,
      "the output \(result.specification) was asked for as \(Output.elementType)", model: name)
  }

  /// The tensors among `values`, which are all of them where no map was asked for.
  private static func tensors(_ values: [ModelValue]) -> [AnyTensor] {
    values.compactMap { value in
      if case .tensor(let tensor) = value { tensor } else { nil }
    }
  }

  private func named(_ results: [AnyTensor], _ positions: [Int]) -> [String: AnyTensor] {
    Dictionary(
      zip(positions.map { outputs[$0].name }, results), uniquingKeysWith: { first, _ in first })
  }

  /// Runs the model on checked tensors in its own order and returns the outputs at `positions`.
  private func execute(
    _ tensors: [AnyTensor], _ positions: [Int], _ options: ONNXRunOptions?
  ) throws -> [ModelValue] {
    // The runtime wants at least one output.
    if positions.isEmpty { return [] }
    gate?.enter()
    defer { gate?.leave() }
    do {
      let values = try compute(tensors, positions, options)
      return try collect(values, positions, inputs: tensors)
    } catch let status as ONNXStatus {
      if tensors.contains(where: { $0.shape.elementCount == 0 }),
        let empty = emptyOutputs(positions)
      {
        return empty
      }
      let shapes = zip(inputs, tensors).map { "\($0.name)\($1.shape)" }.joined(separator: ", ")
      throw ONNXError(
        .run, "the run failed on inputs of shapes \(shapes): \(status.text)", model: name)
    }
  }

  /// The runtime's values for the outputs at `positions`.
  private func compute(
    _ tensors: [AnyTensor], _ positions: [Int], _ options: ONNXRunOptions?
  ) throws(ONNXStatus) -> [ONNXValue?] {
    let api = library.api
    var inputValues: [ONNXValue] = []
    inputValues.reserveCapacity(tensors.count)
    for tensor in tensors { inputValues.append(try ONNXValue(tensor, for: handle)) }
    let inputPointers: [OpaquePointer?] = inputValues.map(\.pointer)
    let outputNames = positions.map { handle.outputNames[$0] }
    var outputValues = [OpaquePointer?](repeating: nil, count: positions.count)
    let failure = withExtendedLifetime((tensors, inputValues, handle)) {
      api.run(
        handle.session, options?.pointer, handle.inputNames, inputPointers, inputPointers.count,
        outputNames, outputNames.count, &outputValues)
    }
    try api.check(failure)
    return outputValues.map { $0.map { ONNXValue(owning: $0, handle: handle) } }
  }

  private func collect(
    _ values: [ONNXValue?], _ positions: [Int], inputs tensors: [AnyTensor]
  ) throws -> [ModelValue] {
    var results: [ModelValue] = []
    results.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      do {
        guard let value else { throw ONNXStatus(code: 1, text: "the model left it out") }
        results.append(
          positions[index] < outputs.count
            ? .tensor(try value.tensor(inputs: tensors)) : .maps(try value.maps()))
      } catch {
        let text = (error as? ONNXStatus)?.text ?? "\(error)"
        let names = outputs.map(\.description) + mapOutputs
        throw ONNXError(
          .invalidOutput, "the output \(names[positions[index]]) cannot be read: \(text)",
          model: name)
      }
    }
    return results
  }

  /// Outputs without rows, for a model that fails on a batch of none; `nil` if an output does not
  /// vary with the batch.
  private func emptyOutputs(_ positions: [Int]) -> [ModelValue]? {
    var results: [ModelValue] = []
    for position in positions {
      if position >= outputs.count {
        results.append(.maps(MapRows()))
        continue
      }
      let output = outputs[position]
      guard output.shape.first == Shape.dynamic else { return nil }
      let shape = Shape(output.shape.map { max($0, 0) })
      guard let empty = try? AnyTensor(emptyOf: output.elementType, shape: shape) else {
        return nil
      }
      results.append(.tensor(empty))
    }
    return results
  }
}

/// The runtime's options for one run, through which it can be stopped.
final class ONNXRunOptions: @unchecked Sendable {
  let pointer: OpaquePointer
  private let api: ONNXAPI

  init(api: ONNXAPI, model: String) throws {
    do throws(ONNXStatus) {
      pointer = try api.object(api.createRunOptions)
    } catch {
      throw ONNXError(.run, "the run cannot be prepared: \(error.text)", model: model)
    }
    self.api = api
  }

  deinit { api.releaseRunOptions(pointer) }

  /// Makes the run that uses the options end soon; a flag that any thread may set.
  func terminate() { api.releaseStatus(api.terminate(pointer)) }
}
