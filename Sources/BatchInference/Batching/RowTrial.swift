import Tensors

/// Runs a model on a few made-up rows, to learn what its declaration does not say.
///
/// Rows are run together and alone. A trial can show that rows depend on each other, but it is no proof
/// that they never do: the rows are made up, and differences that rounding explains are none.
public struct RowTrial: Sendable {
  public enum Outcome: Sendable, Hashable {
    /// Rows that ran together gave what they gave alone. The shapes of one row follow, of outputs that
    /// had the same one in all runs.
    case independent(rowShapes: [String: Shape])
    /// They did not, or an output did not have one part for each row; says how.
    case dependent(String)
    /// The model could not be run on made-up rows; says why.
    case unknown(String)
  }

  private let model: any Model
  private let layout: BatchLayout

  /// - Parameter layout: where the model's tensors have their rows.
  public init(_ model: any Model, _ layout: BatchLayout) {
    self.model = model
    self.layout = layout
  }

  /// Runs three rows together and alone, twice with other numbers.
  public func run() async throws -> Outcome {
    if layout.rows == .one { return .unknown("the model takes one row at a time") }
    var shapes: [String: Shape] = [:]
    for seed in 0..<2 {
      let runs = RowRuns(
        model: model, layout: layout, inputs: model.inputs, outputs: model.outputs,
        relation: .checked, learned: LearnedRows(), label: Self.label)
      let rows = if case .fixed(let size) = layout.rows { size } else { 3 }
      let results: [AnyTensor]
      do {
        let tensors = try model.inputs.indices.map { try tensor($0, rows: rows, seed: seed) }
        results = try await runs.run(tensors, count: rows)
      } catch let error as InferenceError where error.function == Self.label {
        return .dependent(error.message)
      } catch {
        try Task.checkCancellation()
        if error is CancellationError { throw error }
        // Greater numbers may lie beyond a table of the model's.
        return seed > 0 ? .independent(rowShapes: shapes) : .unknown("\(error)")
      }
      for (output, result) in zip(model.outputs, results) {
        let shape = result.shape.rowShape
        // What changes with the numbers is unknown.
        shapes[output.name] = seed == 0 || shapes[output.name] == shape ? shape : nil
      }
    }
    return .independent(rowShapes: shapes)
  }

  private static let label = "trial"

  /// Rows that differ, of small numbers; dimensions that vary have two entries.
  private func tensor(_ input: Int, rows: Int, seed: Int) throws -> AnyTensor {
    let specification = model.inputs[input]
    let row = BatchLayout.rowShape(specification, at: layout.inputs[input]) ?? [2]
    let shape = Shape(row.map { $0 < 0 ? 2 : $0 }).batched(rows)
    guard let count = shape.elementCount else {
      throw TensorError("the shape \(shape) is too large for a trial")
    }
    func number(_ index: Int) -> Int { (index * 7 + index / 5 + seed * 3) % 11 }
    func small(_ index: Int) -> Int { number(index) % (2 + 2 * seed) }
    func float(_ index: Int) -> Float {
      (Float(number(index)) / 8 - 0.5) * Float(1 + 4 * seed)
    }
    func floats<Element: BinaryFloatingPoint & TensorElement>(_: Element.Type) throws -> AnyTensor {
      AnyTensor(try Tensor((0..<count).map { Element(float($0)) }, shape: shape))
    }
    func integers<Element: FixedWidthInteger & TensorElement>(_: Element.Type) throws -> AnyTensor {
      AnyTensor(try Tensor((0..<count).map { Element(small($0)) }, shape: shape))
    }
    switch specification.elementType {
    case .bool:
      return .bool(try Tensor((0..<count).map { small($0) % 2 == 0 }, shape: shape))
    case .string:
      return .string(try StringTensor((0..<count).map { "\(small($0))" }, shape: shape))
    case .int8: return try integers(Int8.self)
    case .int16: return try integers(Int16.self)
    case .int32: return try integers(Int32.self)
    case .int64: return try integers(Int64.self)
    case .uint8: return try integers(UInt8.self)
    case .uint16: return try integers(UInt16.self)
    case .uint32: return try integers(UInt32.self)
    case .uint64: return try integers(UInt64.self)
    case .float16: return try floats(Float16.self)
    case .bfloat16:
      return .bfloat16(try Tensor((0..<count).map { BFloat16(float($0)) }, shape: shape))
    case .float32: return try floats(Float.self)
    case .float64: return try floats(Double.self)
    }
  }
}

extension ModelPrediction {
  /// The shapes of one row of the outputs that declare nothing, where a trial on made-up rows shows them.
  ///
  /// - Parameters:
  ///   - batch, batchSize: as they are planned with.
  /// - Throws: `CancellationError`.
  public static func undeclaredRowShapes(
    of model: any Model, batch: BatchDimension? = nil, batchSize: Int
  ) async throws -> [String: Shape] {
    let undeclared = Set(model.outputs.filter { !$0.hasShape }.map(\.name))
    guard !undeclared.isEmpty,
      let layout = try? BatchLayout(
        inputs: model.inputs, outputs: model.outputs, batch: batch, isOneRowARun: batchSize == 1),
      case .independent(let shapes) = try await RowTrial(model, layout).run()
    else { return [:] }
    return shapes.filter { undeclared.contains($0.key) }
  }
}
