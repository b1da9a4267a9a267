public import Models
public import Tensors
import Threads

extension TorchModel {
  /// Runs the model on one tensor for each input and returns the outputs called `outputNames`, all of
  /// them if `nil`.
  ///
  /// Compiled code computes all outputs in any case; those that are not wanted are not looked at. If the
  /// task is cancelled, a batch that takes several runs ends after the one that it is at.
  ///
  /// - Throws: ``TorchError`` naming the input or output that does not fit, or with PyTorch's text;
  ///   `CancellationError`.
  public func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    try Task.checkCancellation()
    let tensors = try ordered(inputs)
    let positions = try positions(ofOutputs: outputNames)
    if positions.isEmpty { return [:] }
    let results = try execute(tensors, at: positions) { try Task.checkCancellation() }
    return named(results, positions)
  }

  /// Checks tensors in the order of ``inputs``, one for each, runs the model on them, on the calling
  /// thread, and returns the outputs at `positions` of ``outputs``.
  ///
  /// - Throws: ``TorchError`` naming the input that does not fit, or with PyTorch's text.
  public func run(_ inputs: [AnyTensor], at positions: [Int]) throws -> [AnyTensor] {
    try execute(inputs, at: positions)
  }

  public func failure(_ problem: SignatureProblem) -> any Error {
    failure(
      problem.place == .input ? .invalidInput : .invalidOutput, problem.message, cause: problem)
  }

  func failure(
    _ code: TorchError.Code, _ message: String, cause: (any Error)? = nil
  ) -> TorchError {
    TorchError(code, message, model: name, cause: cause)
  }

  /// Checks tensors in the model's order and runs it, several times if the batch takes it; gives the
  /// outputs at `positions`.
  ///
  /// - Parameter checkpoint: is called before each run but the first and may throw.
  private func execute(
    _ tensors: [AnyTensor], at positions: [Int], checkpoint: () throws -> Void = {}
  ) throws -> [AnyTensor] {
    let fit = try fit(tensors)
    guard let rows = fit.rows, let bounds = batchBounds, !bounds.contains(rows) else {
      let results = try runOnce(tensors, fit.symbols)
      return positions.map { results[$0] }
    }
    guard fitsBatches(ofOutputs: positions) else { throw badBatch(rows, bounds) }
    if rows == 0 { return try emptyOutputs(positions, fit.symbols) }
    var parts: [[AnyTensor]] = []
    var done = 0
    while done < rows {
      if done > 0 { try checkpoint() }
      let count = min(rows - done, bounds.upperBound)
      parts.append(
        try runPart(tensors, done..<done + count, of: rows, bounds, fit.symbols, positions))
      done += count
    }
    if parts.count == 1 { return parts[0] }
    return try positions.indices.map { index in
      try AnyTensor.joiningRows(parts.map { $0[index] })
    }
  }

  /// Whether these outputs of a batch of any size can be had from runs of the sizes that the code takes.
  private func fitsBatches(ofOutputs positions: [Int]) -> Bool {
    options.fitsBatches && signature.batch != .none
      && positions.allSatisfy { signature.givesRows(at: $0) }
  }

  /// Runs the model on some rows, filled up if they are too few.
  private func runPart(
    _ tensors: [AnyTensor], _ range: Range<Int>, of rows: Int, _ bounds: ClosedRange<Int>,
    _ symbols: [String: Int], _ positions: [Int]
  ) throws -> [AnyTensor] {
    let count = max(range.count, bounds.lowerBound)
    let part = try tensors.indices.map { index -> AnyTensor in
      guard signature.isBatched[index] else { return tensors[index] }
      let own = range.count == rows ? tensors[index] : try tensors[index].slicingRows(range)
      return count == range.count ? own : try own.repeatingLastRow(until: count)
    }
    var symbols = symbols
    if case .dynamic(let symbol, _) = signature.batch { symbols[symbol] = count }
    let all = try runOnce(part, symbols)
    let results = positions.map { all[$0] }
    if count == range.count { return results }
    return try results.map { result in
      guard result.rowCount == count, result.shape.rank > 0 else {
        throw failure(
          .invalidOutput,
          "a run of \(count) rows gave an output of shape \(result.shape), so that rows which filled "
            + "up the batch cannot be dropped; compile the package for any number of rows "
            + "(dynamic_shapes), or give it whole batches in Swift, with TorchModelOptions.fitsBatches off"
        )
      }
      return try result.slicingRows(0..<range.count)
    }
  }

  /// One run of the compiled code.
  private func runOnce(_ tensors: [AnyTensor], _ symbols: [String: Int]) throws -> [AnyTensor] {
    gate.enter()
    defer { gate.leave() }
    do {
      return try execution.run(tensors, symbols: symbols)
    } catch {
      if error is TorchError { throw error }
      throw failure(.run, modelSignature.failedRun(on: tensors, "\(error)"), cause: error)
    }
  }

  /// Outputs without rows.
  private func emptyOutputs(_ positions: [Int], _ symbols: [String: Int]) throws -> [AnyTensor] {
    try positions.map { index in
      var shape = Shape(
        signature.outputs[index].map { dimension in
          switch dimension {
          case .size(let size): size
          case .symbol(let symbol): symbols[symbol] ?? 0
          case .unknown: 0
          }
        })
      if shape.rank > 0 { shape[0] = 0 }
      return try AnyTensor(emptyOf: signature.outputTypes[index], shape: shape)
    }
  }
}
