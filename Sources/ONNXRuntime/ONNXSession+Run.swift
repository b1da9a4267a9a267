public import Models
public import Tensors
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
    return named(Self.tensors(try await run(inputs, positions)), positions)
  }

  /// The same with the outputs that are maps and sequences, which are among those that `nil` stands for. A
  /// model that gives one map for all rows has one row.
  ///
  /// - Throws: as ``run(_:outputs:)``.
  public func runValues(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: ModelValue] {
    let positions = try positionsOfValues(outputNames)
    let names = outputs.map(\.name) + otherOutputs
    return Dictionary(zip(positions.map { names[$0] }, try await run(inputs, positions))) {
      first, _ in first
    }
  }

  /// The names of the outputs that are no tensors: maps, then sequences.
  private var otherOutputs: [String] { mapOutputs + sequenceOutputs.map(\.name) }

  /// The positions of the outputs called `names`, tensors first, then maps, then sequences; of all of them
  /// for `nil`.
  private func positionsOfValues(_ names: [String]?) throws -> [Int] {
    let others = otherOutputs
    guard let names else { return Array(0..<outputs.count + others.count) }
    return try translated { () throws(SignatureProblem) -> [Int] in
      var positions: [Int] = []
      for name in names {
        if let other = others.firstIndex(of: name) {
          positions.append(outputs.count + other)
        } else {
          positions.append(try modelSignature.position(ofOutput: name))
        }
      }
      return positions
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

  /// Checks tensors in the order of ``inputs``, one for each, runs the model on them, on the calling
  /// thread, and returns the outputs at `positions` of ``outputs``.
  ///
  /// - Throws: ``ONNXError`` naming the input that does not fit, or with the runtime's text.
  public func run(_ inputs: [AnyTensor], at positions: [Int]) throws -> [AnyTensor] {
    Self.tensors(try execute(inputs, positions, nil))
  }

  public func failure(_ problem: SignatureProblem) -> any Error {
    ONNXError(
      problem.place == .input ? .invalidInput : .invalidOutput, problem.message, model: name,
      cause: problem)
  }

  /// The tensors among `values`, which are all of them where nothing else was asked for.
  private static func tensors(_ values: [ModelValue]) -> [AnyTensor] {
    values.compactMap { value in
      if case .tensor(let tensor) = value { tensor } else { nil }
    }
  }

  /// Runs the model on tensors in its own order and returns the outputs at `positions`: tensors first,
  /// then maps, then sequences.
  private func execute(
    _ tensors: [AnyTensor], _ positions: [Int], _ options: ONNXRunOptions?
  ) throws -> [ModelValue] {
    try check(tensors)
    // The runtime wants at least one output.
    if positions.isEmpty { return [] }
    gate.enter()
    defer { gate.leave() }
    do {
      let values = try compute(tensors, positions, options)
      return try collect(values, positions, inputs: tensors)
    } catch let status as ONNXStatus {
      if tensors.contains(where: { $0.shape.elementCount == 0 }),
        let empty = emptyOutputs(positions)
      {
        return empty
      }
      throw ONNXError(
        .run, modelSignature.failedRun(on: tensors, status.text), model: name, cause: status)
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
        switch positions[index] {
        case ..<outputs.count: results.append(.tensor(try value.tensor(inputs: tensors)))
        case ..<(outputs.count + mapOutputs.count): results.append(.maps(try value.maps()))
        default: results.append(.sequence(try value.tensors()))
        }
      } catch {
        let names = outputs.map(\.description) + otherOutputs
        throw ONNXError(
          .invalidOutput, "the output \(names[positions[index]]) cannot be read: \(error)",
          model: name, cause: error)
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
        let isMap = position < outputs.count + mapOutputs.count
        results.append(isMap ? .maps(MapRows()) : .sequence([]))
        continue
      }
      guard let empty = modelSignature.emptyOutput(at: position) else { return nil }
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
      // What is wrong with such a row is told in its place.
      if FailingRows.areExpected {
        let severity = ONNXSessionOptions.LogSeverity.fatal.rawValue
        try? api.check(api.setRunLogSeverity(pointer, severity))
      }
    } catch {
      throw ONNXError(
        .run, "the run cannot be prepared: \(error.text)", model: model, cause: error)
    }
    self.api = api
  }

  deinit { api.releaseRunOptions(pointer) }

  /// Makes the run that uses the options end soon; a flag that any thread may set.
  func terminate() { api.releaseStatus(api.terminate(pointer)) }
}
