public import Tensors

/// Where the tensors of a model have their rows, and how many of them a run takes.
///
/// It is found from the names and positions of the dimensions of all inputs and outputs together, never
/// from a size, or asked for; what stays ambiguous is an error. The rules are in docs/Batches.md.
public struct BatchLayout: Sendable, Hashable, Codable {
  /// How many rows a run takes.
  public enum Rows: Sendable, Hashable, Codable {
    case any
    /// One row, which has the tensors for itself.
    case one
    /// So many and no other number.
    case fixed(Int)
  }

  /// Where one tensor has its rows.
  public enum Place: Sendable, Hashable, Codable {
    /// In this dimension.
    case axis(Int)
    /// Nowhere. Rows that run together share such an input; such an output belongs to a run of one row.
    case whole
    /// The declaration does not tell; what the model gives for different numbers of rows decides.
    case open
  }

  /// How many rows a run takes.
  public var rows: Rows
  /// In the order of the model's inputs; none is ``Place/open``.
  public var inputs: [Place]
  /// In the order of the model's outputs.
  public var outputs: [Place]

  public init(rows: Rows, inputs: [Place], outputs: [Place]) {
    self.rows = rows
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The layout of a model's tensors.
  ///
  /// - Parameters:
  ///   - inputs: what the model takes.
  ///   - outputs: what it gives.
  ///   - batch: the dimension that counts the rows, if somebody said so.
  ///   - isOneRowARun: whether only runs of one row are wanted, for which less must be known.
  /// - Throws: ``InferenceError`` that lists the dimensions and says how to name the right one.
  public init(
    inputs: [TensorSpecification], outputs: [TensorSpecification], batch: BatchDimension? = nil,
    isOneRowARun: Bool = false
  ) throws {
    let search = BatchSearch(inputs: inputs, outputs: outputs)
    switch batch?.form {
    case .some(.none):
      self.init(
        rows: .one, inputs: inputs.map { _ in .whole }, outputs: outputs.map { _ in .whole })
    case .some(.axes(let axes)): self = try search.layout(axes: axes)
    case .some(.names(let names)): self = try search.layout(names: names)
    case nil:
      do {
        self = try search.layout()
      } catch {
        guard isOneRowARun, let single = search.singleRows() else { throw error }
        self = single
      }
    }
  }

  /// The shape of one row of a tensor at `place`, `Shape.dynamic` where it varies; `nil` if nothing is
  /// declared.
  public static func rowShape(_ specification: TensorSpecification, at place: Place) -> Shape? {
    guard specification.hasShape else { return nil }
    var shape = specification.shape
    switch place {
    case .axis(let axis) where shape.indices.contains(axis): shape.dimensions.remove(at: axis)
    case .open where shape.rank > 0: shape.dimensions.removeFirst()
    default: break
    }
    return shape
  }

  /// Whether the first dimension of every tensor counts the rows, of which a run takes any number, so
  /// that those of several requests can be put one after the other. Outputs that declare nothing must
  /// be looked at when the model runs.
  public var hasRowsFirst: Bool {
    rows == .any && inputs.allSatisfy { $0 == .axis(0) }
      && outputs.allSatisfy { $0 == .axis(0) || $0 == .open }
  }
}
