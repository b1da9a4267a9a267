package import Tensors

/// Runs a model on rows: brings their tensors into the model's layout and its results back into rows.
///
/// Before the first run of several rows it looks at some of them alone. That shows in which dimension
/// an output has the rows where the model does not declare it, and whether rows depend on each other.
package struct RowRuns {
  let model: any Model
  let layout: BatchLayout
  let inputs: [TensorSpecification]
  let outputs: [TensorSpecification]
  let relation: RowRelation
  let learned: LearnedRows
  /// The function and the model for messages.
  let label: String

  package init(
    model: any Model, layout: BatchLayout, inputs: [TensorSpecification],
    outputs: [TensorSpecification], relation: RowRelation, learned: LearnedRows, label: String
  ) {
    self.model = model
    self.layout = layout
    self.inputs = inputs
    self.outputs = outputs
    self.relation = relation
    self.learned = learned
    self.label = label
  }

  private var names: [String] { outputs.map(\.name) }

  private var use: LearnedRows.Use {
    LearnedRows.Use(layout: layout, relation: relation, outputs: names)
  }

  /// Whether rows that run together are compared with those alone.
  private var isChecked: Bool { relation == .checked && !model.hasIndependentRows }

  /// The number of rows that a run of `count` has.
  private func filled(_ count: Int) -> Int {
    if case .fixed(let size) = layout.rows { size } else { count }
  }

  /// The results of some rows, `[count, …]` in the order of ``outputs``.
  ///
  /// - Parameters:
  ///   - tensors: in the order of ``inputs``, the rows first; those without rows are the same for all of
  ///     them.
  ///   - vectors: the positions of outputs whose last dimension is wanted; the others are flat if a run
  ///     has one row.
  /// - Throws: ``InferenceError`` if an output has not one part for each row; the model's error.
  package func run(
    _ tensors: [AnyTensor], count: Int, vectors: Set<Int> = []
  ) async throws -> [AnyTensor] {
    let results = try await results(tensors, count)
    if filled(count) == 1 {
      return try results.indices.map { index in
        try row(results[index], output: index, isFlat: !vectors.contains(index))
      }
    }
    let axes: [Int]
    if let known = learned.axes(of: use, isChecked: isChecked && count > 1) {
      axes = known
    } else {
      let (found, isSettled) = try await learn(results, tensors, count)
      axes = found
      if isSettled { learned.learn(found, of: use) }
    }
    return try outputs.indices.map { index in
      try rows(of: results[index], output: index, axis: axes[index], count)
    }
  }

  /// All that a run of one row gave, which is that row's, also if the model drops the dimension.
  private func row(_ result: AnyTensor, output: Int, isFlat: Bool) throws -> AnyTensor {
    if isFlat { return try result.reshaped(to: [1, result.elementCount]) }
    if case .axis(let axis) = layout.outputs[output], result.shape.indices.contains(axis),
      result.shape[axis] == 1
    {
      return try result.movingToFront(axis)
    }
    return try result.reshaped(to: result.shape.batched(1))
  }

  /// What the model gives for the rows, which are brought into its layout.
  private func results(_ tensors: [AnyTensor], _ count: Int) async throws -> [AnyTensor] {
    var named: [String: AnyTensor] = [:]
    for (index, tensor) in tensors.enumerated() {
      let name = inputs[index].name
      switch layout.inputs[index] {
      case .axis(let axis):
        named[name] = try tensor.repeatingLastRow(until: filled(count)).movingFront(to: axis)
      case .whole, .open:
        named[name] = try tensor.slicingRows(0..<1).reshaped(to: tensor.shape.rowShape)
      }
    }
    let results = try await model.run(named, outputs: names)
    return try names.map { name in
      guard let result = results[name] else {
        throw invalidOutput("the model did not give its output '\(name)'")
      }
      return result
    }
  }

  /// The rows of a result that has them in dimension `axis`.
  private func rows(
    of result: AnyTensor, output: Int, axis: Int, _ count: Int
  ) throws -> AnyTensor {
    guard result.shape.indices.contains(axis), result.shape[axis] == filled(count) else {
      throw notRows(output, result.shape, filled(count))
    }
    let rows = try result.movingToFront(axis)
    return count == rows.rowCount ? rows : try rows.slicingRows(0..<count)
  }

  /// Looks at some rows alone.
  ///
  /// - Returns: the dimension of each output that has the rows, and whether that holds for other rows.
  /// - Throws: ``InferenceError`` if an output has none, or rows depend on each other.
  private func learn(
    _ results: [AnyTensor], _ tensors: [AnyTensor], _ count: Int
  ) async throws -> (axes: [Int], isSettled: Bool) {
    let isChecked = isChecked && count > 1
    for (index, place) in layout.outputs.enumerated() {
      guard case .axis(let axis) = place else { continue }
      _ = try rows(of: results[index], output: index, axis: axis, count)
    }
    let isDeclared = !layout.outputs.contains(.open)
    var singles: [(row: Int, inputs: [AnyTensor], results: [AnyTensor])] = []
    if isChecked || !isDeclared {
      // Of a few rows all are looked at, so that none is right by chance.
      let chosen = count <= 8 ? Array(0..<count) : [0, count / 3, 2 * count / 3, count - 1]
      do {
        for row in chosen {
          let inputs = try single(tensors, row)
          singles.append((row, inputs, try await self.results(inputs, 1)))
        }
      } catch {
        // A model that takes no single row cannot be looked at in this way.
        if error is CancellationError { throw error }
        singles = []
        for index in outputs.indices where layout.outputs[index] == .open {
          guard outputs[index].hasShape, outputs[index].shape[0] < 0 else {
            throw unknownRows(
              index, results[index].shape, "a run of one row fails: \(error)", cause: error)
          }
        }
      }
    }
    var axes: [Int] = []
    // A single row that fills a fixed batch, or rows that are all alike, tell nothing of others.
    var isSettled =
      count > 1 && (!isChecked || singles.isEmpty || haveVaried(singles.map(\.inputs)))
    for index in outputs.indices {
      let result = results[index]
      let candidates = candidates(
        index, result.shape, alone: singles.map { $0.results[index].shape }, count)
      guard let first = candidates.first else { throw notRows(index, result.shape, filled(count)) }
      let differences = try candidates.map { axis in
        try difference(result, index, axis, singles.map { ($0.row, $0.results[index]) }, count)
      }
      let fitting = candidates.indices.filter { differences[$0] == nil }
      axes.append(fitting.first.map { candidates[$0] } ?? first)
      // Where several fit, other rows may tell.
      isSettled = isSettled && fitting.count <= 1
      guard isChecked, fitting.isEmpty, let (row, text) = differences[0] else { continue }
      guard let single = singles.first(where: { $0.row == row }) else { continue }
      if try await !isRandom(index, single.inputs, single.results[index]) {
        throw dependent(index, text, count)
      }
    }
    return (axes, isSettled)
  }

  /// Whether an output of a single row is drawn at random: it then differs from itself. What is drawn of
  /// two values is the same in one of two runs, so a few are needed; they delay an error only.
  private func isRandom(
    _ output: Int, _ inputs: [AnyTensor], _ first: AnyTensor
  ) async throws -> Bool {
    for _ in 0..<12 {
      let again = try await results(inputs, 1)[output]
      if RowComparison.difference(alone: first, joined: again) != nil { return true }
    }
    return false
  }

  /// The inputs of one row.
  package func single(_ tensors: [AnyTensor], _ row: Int) throws -> [AnyTensor] {
    try tensors.enumerated().map { index, tensor in
      layout.inputs[index] == .whole ? tensor : try tensor.slicingRows(row..<row + 1)
    }
  }

  /// Whether not all rows have the same inputs.
  private func haveVaried(_ rows: [[AnyTensor]]) -> Bool {
    rows.dropFirst().contains { row in
      !zip(row, rows[0]).allSatisfy { $0.isIdentical(to: $1) }
    }
  }

  /// The first row whose part of a result, in dimension `axis`, differs from what it gives alone.
  private func difference(
    _ result: AnyTensor, _ output: Int, _ axis: Int, _ singles: [(row: Int, alone: AnyTensor)],
    _ count: Int
  ) throws -> (row: Int, text: String)? {
    if singles.isEmpty { return nil }
    let joined = try rows(of: result, output: output, axis: axis, count)
    for (row, alone) in singles {
      // A fixed batch of copies of the row stands for the row alone.
      let own = filled(1) == 1 ? alone : try rows(of: alone, output: output, axis: axis, 1)
      let part = try joined.slicingRows(row..<row + 1)
      if let text = RowComparison.difference(alone: own, joined: part) { return (row, text) }
    }
    return nil
  }

  /// The dimensions of an output that may have the rows: with one entry for each row of the batch, and
  /// with one in the results of single rows.
  private func candidates(_ output: Int, _ joined: Shape, alone: [Shape], _ count: Int) -> [Int] {
    if case .axis(let axis) = layout.outputs[output] { return [axis] }
    // All runs of a fixed batch have as many rows.
    if case .fixed(let size) = layout.rows { return joined.first == size ? [0] : [] }
    let specification = outputs[output]
    let varying = joined.indices.filter { axis in
      !specification.hasShape || axis == 0
        || specification.shape.indices.contains(axis) && specification.shape[axis] < 0
    }
    return varying.filter { axis in
      guard joined[axis] == count else { return false }
      return alone.allSatisfy { single in
        var rest = joined
        rest.dimensions.remove(at: axis)
        // Models that drop dimensions of size 1 drop that of a single row.
        return rest.filter { $0 != 1 } == single.filter { $0 != 1 }
          || (single.rank == joined.rank && single[axis] == 1)
      }
    }
  }

  private func notRows(_ output: Int, _ shape: Shape, _ count: Int) -> InferenceError {
    invalidOutput(
      "Prediction results must have same length as input data. The output "
        + "'\(outputs[output].name)' has the shape \(shape) for \(count) rows, which is not one part "
        + "for each row. \(Self.remedy)")
  }

  private func unknownRows(
    _ output: Int, _ shape: Shape, _ reason: String, cause: (any Error)? = nil
  ) -> InferenceError {
    invalidOutput(
      "it is unknown which dimension of the output '\(outputs[output].name)', of shape \(shape), "
        + "counts the rows: \(reason). \(Self.remedy)", cause: cause)
  }

  private func dependent(
    _ output: Int, _ difference: String, _ count: Int
  ) -> InferenceError {
    invalidOutput(
      "rows that run together change each other's predictions: the output "
        + "'\(outputs[output].name)' of a row is \(difference) of \(count) rows. Give each row a run of "
        + "its own with batchSize: 1 (--batch-size 1); or, if the difference is meant or does not "
        + "matter (as in models that are quantized at run time), write rows: .dependent "
        + "(--rows dependent)")
  }

  private func invalidOutput(_ message: String, cause: (any Error)? = nil) -> InferenceError {
    InferenceError(.invalidOutput, message, function: label, cause: cause)
  }

  private static let remedy =
    "Give each row a run of its own with batchSize: 1 (--batch-size 1): it then gets all that the "
    + "model gives; or say where the rows are with batch: (--batch-dimension); or take the other outputs "
    + "alone with only: (--outputs)"
}
