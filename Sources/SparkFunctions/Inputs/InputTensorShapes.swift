import Models
public import Tensors

/// The shapes of one row of each input, without the batch dimension.
///
/// Written as a list with one entry for each input (`nil` for scalar columns), or as a map from the
/// position of an input to its shape: `[[64]]`, `[[28, 28, 1], nil]`, `[0: [28, 28, 1]]`.
public struct InputTensorShapes: Sendable, Hashable {
  private enum Form: Hashable {
    case list([Shape?])
    case map([Int: Shape])
  }

  private let form: Form

  /// No shapes: all columns are scalar.
  public static let none = InputTensorShapes([])

  /// One entry for each input, in order.
  public init(_ shapes: [Shape?]) { form = .list(shapes) }

  /// The shapes of some inputs by their positions, which count from 0.
  public init(_ shapes: [Int: Shape]) { form = .map(shapes) }

  /// Whether no input has a shape.
  var isEmpty: Bool {
    switch form {
    case .list(let shapes): shapes.isEmpty
    case .map(let shapes): shapes.isEmpty
    }
  }

  /// One entry for each of `count` inputs.
  ///
  /// - Throws: ``InferenceError`` when the shapes are those of more or fewer inputs.
  func expanded(to count: Int, function: String) throws -> [Shape?] {
    switch form {
    case .map(let shapes):
      if let outside = shapes.keys.sorted().first(where: { !(0..<count).contains($0) }) {
        throw InferenceError(
          .invalidInput,
          "input_tensor_shapes must match columns: there is a shape for input \(outside), the "
            + "inputs are 0 to \(count - 1)",
          function: function)
      }
      return (0..<count).map { shapes[$0] }
    case .list(let shapes):
      if shapes.isEmpty { return Array(repeating: nil, count: count) }
      if count == 1, shapes.count > 1 {
        throw InferenceError(
          .invalidInput,
          "Multiple input_tensor_shapes found, but model expected one input; give one shape instead "
            + "of \(shapes.count)",
          function: function)
      }
      guard shapes.count == count else {
        throw InferenceError(
          .invalidInput,
          "input_tensor_shapes must match columns: there are \(shapes.count) shapes for \(count) "
            + "inputs; write nil for inputs of scalar columns, or a map from position to shape",
          function: function)
      }
      return shapes
    }
  }

  /// The shapes that are given.
  var given: [Shape] {
    switch form {
    case .list(let shapes): shapes.compactMap(\.self)
    case .map(let shapes): Array(shapes.values)
    }
  }
}

extension InputTensorShapes: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Shape?...) { self.init(elements) }
}

extension InputTensorShapes: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (Int, Shape)...) {
    self.init(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
}
