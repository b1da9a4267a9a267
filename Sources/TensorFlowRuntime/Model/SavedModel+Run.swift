public import Models
public import Tensors
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
    let results = try run(tensors, at: positions)
    try Task.checkCancellation()
    return named(results, positions)
  }

  /// Checks tensors in the order of ``inputs``, one for each, runs the signature on them, on the calling
  /// thread, and returns the outputs at `positions` of ``outputs``.
  ///
  /// - Throws: ``TensorFlowError`` naming the input that does not fit, or with the runtime's text.
  public func run(_ inputs: [AnyTensor], at positions: [Int]) throws -> [AnyTensor] {
    try check(inputs)
    if positions.isEmpty { return [] }
    handle.gate.enter()
    defer { handle.gate.leave() }
    do throws(TensorFlowStatus) {
      return try collect(compute(inputs, positions), positions)
    } catch {
      if inputs.contains(where: { $0.shape.elementCount == 0 }) {
        let empty = positions.compactMap { modelSignature.emptyOutput(at: $0) }
        if empty.count == positions.count { return empty }
      }
      throw failure(.run, modelSignature.failedRun(on: inputs, error.text), cause: error)
    }
  }

  public func failure(_ problem: SignatureProblem) -> any Error {
    failure(
      problem.place == .input ? .invalidInput : .invalidOutput, problem.message, cause: problem)
  }

  /// An error about this model and signature.
  private func failure(
    _ code: TensorFlowError.Code, _ message: String, cause: any Error
  ) -> TensorFlowError {
    TensorFlowError(code, message, model: name, signature: signature.name, cause: cause)
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
        throw TensorFlowStatus(
          code: 13, text: "the output \(outputs[positions[index]]) cannot be read: \(error)",
          cause: error)
      }
    }
    return results
  }
}
