public import Tensors

/// A model that a library in this process runs, on the thread that calls.
///
/// ```swift
/// let scores: Tensor<Float> = try model.run(ids, mask, output: "scores")
/// let all = try model.run(["ids": .int64(ids), "mask": .float32(mask)])
/// ```
///
/// A runtime writes what differs, ``run(_:at:)``; order, names and typed results come with it.
public protocol InProcessModel: Model {
  /// What the model takes and gives.
  var modelSignature: ModelSignature { get }

  /// Checks tensors in the order of ``Model/inputs``, one for each, runs the model on them, and returns
  /// the outputs at `positions` of ``Model/outputs``.
  ///
  /// - Throws: the runtime's error, naming the input that does not fit, or with the runtime's text.
  func run(_ inputs: [AnyTensor], at positions: [Int]) throws -> [AnyTensor]

  /// The runtime's error for tensors or names that do not fit.
  func failure(_ problem: SignatureProblem) -> any Error
}

extension InProcessModel {
  /// Runs the model on one tensor for each input, on the calling thread, and returns all outputs.
  ///
  /// - Throws: the runtime's error, naming the input that does not fit, or with the runtime's text.
  public func run(_ inputs: [String: AnyTensor]) throws -> [String: AnyTensor] {
    let positions = Array(modelSignature.outputs.indices)
    return named(try run(ordered(inputs), at: positions), positions)
  }

  /// Runs the model on tensors in the order of ``Model/inputs`` and returns those of
  /// ``Model/outputs``.
  ///
  /// - Throws: as the form with names.
  public func run(_ inputs: [AnyTensor]) throws -> [AnyTensor] {
    try run(inputs, at: Array(modelSignature.outputs.indices))
  }

  /// Runs the model on tensors in the order of ``Model/inputs``, one for each, and returns one output.
  ///
  /// ```swift
  /// let scores: Tensor<Float> = try model.run(ids, mask)
  /// ```
  ///
  /// - Parameters:
  ///   - inputs: as many tensors as the model has inputs.
  ///   - output: the output's name, which may be left out if there is one only.
  /// - Throws: the runtime's error, naming the input or output that does not fit, or with the
  ///   runtime's text.
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

  /// Runs a model on tensors in the order of ``Model/inputs``, one for each, and returns one output of
  /// strings.
  ///
  /// - Throws: as the form with tensors of numbers.
  public func run<each Input: TensorElement>(
    _ inputs: repeat Tensor<each Input>, output: String? = nil
  ) throws -> StringTensor {
    var tensors: [AnyTensor] = []
    for input in repeat each inputs { tensors.append(AnyTensor(input)) }
    let (result, specification) = try runOne(tensors, output: output)
    if case .string(let strings) = result { return strings }
    throw failure(
      SignatureProblem(
        .output, tensor: specification.name, "the output \(specification) holds no strings"))
  }

  private func runOne(
    _ tensors: [AnyTensor], output: String?
  ) throws -> (tensor: AnyTensor, specification: TensorSpecification) {
    let signature = modelSignature
    let position = try translated { () throws(SignatureProblem) -> Int in
      if let output { return try signature.position(ofOutput: output) }
      return try signature.positionOfOnlyOutput()
    }
    return (try run(tensors, at: [position])[0], signature.outputs[position])
  }

  private func typed<Output: TensorElement>(
    _ result: (tensor: AnyTensor, specification: TensorSpecification)
  ) throws -> Tensor<Output> {
    if let tensor = result.tensor.fixedWidth as? Tensor<Output> { return tensor }
    throw failure(
      SignatureProblem(
        .output, tensor: result.specification.name,
        "the output \(result.specification) was asked for as \(Output.elementType)"))
  }
}

/// What runtimes write ``InProcessModel/run(_:at:)`` and ``Model/run(_:outputs:)`` with.
extension InProcessModel {
  package func ordered(_ tensors: [String: AnyTensor]) throws -> [AnyTensor] {
    try translated { () throws(SignatureProblem) in try modelSignature.ordered(tensors) }
  }

  package func check(_ tensors: [AnyTensor]) throws {
    try translated { () throws(SignatureProblem) in try modelSignature.check(tensors) }
  }

  package func positions(ofOutputs names: [String]?) throws -> [Int] {
    try translated { () throws(SignatureProblem) in
      try modelSignature.positions(ofOutputs: names)
    }
  }

  package func named(_ results: [AnyTensor], _ positions: [Int]) -> [String: AnyTensor] {
    let outputs = modelSignature.outputs
    return Dictionary(
      zip(positions.map { outputs[$0].name }, results), uniquingKeysWith: { first, _ in first })
  }

  /// What `body` gives, its problem as the runtime's error.
  package func translated<Result>(
    _ body: () throws(SignatureProblem) -> Result
  ) throws -> Result {
    do throws(SignatureProblem) {
      return try body()
    } catch {
      throw failure(error)
    }
  }
}
