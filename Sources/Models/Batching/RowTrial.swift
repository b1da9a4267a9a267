public import Tensors

/// Runs a model on a few made-up rows, to learn what its declaration does not say.
///
/// Rows are run together and alone. A trial can show that rows depend on each other, but it is no proof
/// that they never do: the rows are made up, and differences that rounding explains are none.
public struct RowTrial: Sendable {
  /// What a trial showed.
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
  private let relation: RowRelation
  private let inputShapes: [String: Shape]
  private let constants: [String: AnyTensor]

  /// - Parameters:
  ///   - model: what is tried.
  ///   - layout: where the model's tensors have their rows.
  ///   - relation: whether rows are compared; if not, only their shapes are looked at.
  ///   - shapes: the shapes of one row of inputs that declare less, by the input's name.
  ///   - constants: one row, `[1, …]`, of inputs that have the same in all rows.
  public init(
    _ model: any Model, _ layout: BatchLayout, relation: RowRelation = .checked,
    shapes: [String: Shape] = [:], constants: [String: AnyTensor] = [:]
  ) {
    self.model = model
    self.layout = layout
    self.relation = relation
    inputShapes = shapes
    self.constants = constants
  }

  /// Runs a few rows together and alone, three times with other numbers if that takes no time.
  ///
  /// - Throws: `CancellationError`.
  public func run() async throws -> Outcome {
    if layout.rows == .one { return .unknown("the model takes one row at a time") }
    var shapes: [String: Shape]?
    var failure: any Error = CancellationError()
    let start = ContinuousClock.now
    for seed in 0..<3 where shapes == nil || ContinuousClock.now - start < .seconds(1) {
      let runs = RowRuns(
        model: model, layout: layout, inputs: model.inputs, outputs: model.outputs,
        relation: relation, learned: LearnedRows(), label: Self.label)
      let rows = if case .fixed(let size) = layout.rows { size } else { 3 + seed }
      do {
        let tensors = try model.inputs.indices.map { try tensor($0, rows: rows, seed: seed) }
        let results = try await runs.run(tensors, count: rows)
        let found = zip(model.outputs, results).map { ($0.name, $1.shape.rowShape) }
        let known = shapes ?? Dictionary(found, uniquingKeysWith: { $1 })
        // What changes with the numbers is unknown.
        shapes = known.filter { entry in found.contains { $0 == entry.key && $1 == entry.value } }
      } catch let error as InferenceError where error.function == Self.label {
        return .dependent(error.message)
      } catch {
        // Some numbers lie beyond a table of the model's.
        if error is CancellationError { throw error }
        failure = error
      }
    }
    return shapes.map { .independent(rowShapes: $0) } ?? .unknown("\(failure)")
  }

  private static let label = "trial"

  /// Rows that differ, of small numbers; dimensions that vary have two entries.
  private func tensor(_ input: Int, rows: Int, seed: Int) throws -> AnyTensor {
    let specification = model.inputs[input]
    if let constant = constants[specification.name] {
      return try constant.repeatingLastRow(until: rows)
    }
    let row =
      inputShapes[specification.name]
      ?? BatchLayout.rowShape(specification, at: layout.inputs[input]) ?? [2]
    let shape = Shape(row.map { $0 < 0 ? 2 : $0 }).batched(rows)
    guard let count = shape.elementCount else {
      throw TensorError("the shape \(shape) is too large for a trial")
    }
    /// Any number below `limit`.
    func number(_ index: Int, below limit: Int) -> Int {
      var state = UInt64(1 + index + 1000 * input + 1_000_000 * seed) &* 0x9E37_79B9_7F4A_7C15
      state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      return Int((state >> 33) % UInt64(limit))
    }
    // Such as any table has: code that PyTorch compiled may end the process on others.
    func small(_ index: Int) -> Int { number(index, below: 2) }
    // The last time they are positive.
    func float(_ index: Int) -> Float {
      let share = Float(number(index, below: 4096)) / 4096
      return seed == 2 ? share + 0.1 : (2 * share - 1) * Float(1 + 4 * seed)
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
