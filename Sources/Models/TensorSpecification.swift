public import Tensors

/// A named tensor that a model takes or gives.
public struct TensorSpecification: Sendable, Hashable, Codable {
  /// What the model calls it.
  public var name: String
  /// What its elements are.
  public var elementType: ElementType
  /// The declared shape, the batch dimension included; `Shape.dynamic` where it varies.
  public var shape: Shape
  /// The model's names of dynamic dimensions (such as `batch`), `nil` where it has none.
  public var dimensionNames: [String?]
  /// Whether the model fixes the number of dimensions; if not, ``shape`` is empty and says nothing.
  public var hasShape: Bool

  public init(
    name: String, elementType: ElementType, shape: Shape, dimensionNames: [String?] = [],
    hasShape: Bool = true
  ) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.dimensionNames = dimensionNames
    self.hasShape = hasShape
  }

  /// The shape of one row, without the leading batch dimension.
  public var rowShape: Shape { shape.rowShape }
}

extension TensorSpecification: CustomStringConvertible {
  public var description: String { "\(name): \(elementType)\(shape)" }
}
