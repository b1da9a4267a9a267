public import Tensors

/// Why a column could not become a tensor: what the caller needs to name the row.
public enum ArrowConversionError: Error, Sendable, Hashable {
  /// The row is null.
  case null(row: Int)
  /// An element within the row is null.
  case nullElement(row: Int, index: Int)
  /// The row has another number of elements than expected.
  case ragged(row: Int, found: Int, expected: Int)
  /// The arrays within the row, one of `found` and one of `expected` elements, differ in length.
  case jagged(row: Int, found: Int, expected: Int)
  /// The row is a nested array of the dimensions `found`.
  case dimensions(row: Int, found: Shape, expected: Shape)
  /// The rows have `found` elements each, which do not fill the wanted shape.
  case shape(found: Int, expected: Shape)
  /// The row, or the element `index` of it, is a number that `number.elementType` cannot hold;
  /// `number.index` counts all elements.
  case inexact(row: Int, index: Int?, number: InexactNumber)
  /// A column of type `found` cannot give elements of type `expected`.
  case type(found: String, expected: ElementType)
}

extension ArrowConversionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .null(let row): "row \(row) is null"
    case .nullElement(let row, let index): "row \(row): element \(index) is null"
    case .ragged(let row, let found, let expected):
      "row \(row) has \(found) elements, expected \(expected)"
    case .jagged(let row, let found, let expected):
      "row \(row): its arrays differ in length (\(expected) and \(found) elements)"
    case .dimensions(let row, let found, let expected):
      "row \(row) has the dimensions \(found), expected \(expected)"
    case .shape(let found, let expected):
      "rows have \(found) elements, which do not fill the shape \(expected)"
    case .inexact(let row, let index, let number):
      "row \(row)\(index.map { ", element \($0)" } ?? ""): \(number.reason)"
    case .type(let found, let expected): "a column of \(found) gives no tensor of \(expected)"
    }
  }
}

/// What happens to nulls on the way into a tensor.
public enum NullConversion<Element: TensorElement>: Sendable {
  /// They are errors that name the row.
  case fail
  /// They become this value.
  case fill(Element)
}
