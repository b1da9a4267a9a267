import ArrowIPC
import Tensors

/// One input of a predict function: a column of the batch, and how to read it.
public struct InputArgument: Sendable {
  /// The rows of the batch.
  public var column: ArrowColumn
  /// The declared shape of one row.
  public var rowShape: Shape?
  /// The column's name for messages.
  public var name: String
  /// The rows' numbers within the partition.
  public var rows: RowNumbers
  public var nulls: NullPolicy
  public var ragged: RaggedPolicy
  /// The function's name.
  public var function: String

  /// An error about the column, and one of its rows if given.
  public func failure(_ message: String, row: Int? = nil) -> InferenceError {
    let place = row.map { ", row \(rows[$0])" } ?? ""
    return InferenceError(
      .invalidInput, "column '\(name)'\(place): \(message)", function: function)
  }

  /// The error for a row that is null.
  func nullFailure(_ row: Int, element: Int? = nil) -> InferenceError {
    failure(
      (element.map { "element \($0) is null" } ?? "the value is null")
        + "; fill or drop nulls in the query, or define the function with nulls: .fill(0) or .skip",
      row: row)
  }

  /// The same input over other rows or another column.
  func with(_ column: ArrowColumn, name: String? = nil) -> InputArgument {
    var result = self
    result.column = column
    result.name = name ?? self.name
    return result
  }

  /// `error` with the column and row that it is about.
  func describing(_ error: any Error, element: ElementType) -> any Error {
    guard let error = error as? ArrowConversionError else { return error }
    switch error {
    case .null(let row): return nullFailure(row)
    case .nullElement(let row, let index): return nullFailure(row, element: index)
    case .ragged(let row, let found, let expected):
      if let rowShape, !rowShape.isDynamic {
        return failure(
          "Input data does not match expected shape. The row has \(found) elements, the shape "
            + "\(rowShape) needs \(expected)"
            + (column.type.isBinary ? " (as \(element) in little-endian bytes)" : "")
            + "; correct the shape or the data, or define the function with ragged: .pad()",
          row: row)
      }
      return failure(
        "the row has \(found) elements, the first row of the batch \(expected); rows of a tensor "
          + "must be equally long: define the function with ragged: .pad() to fill them up",
        row: row)
    case .shape(let found, let expected):
      return failure(
        "Input data does not match expected shape. Rows have \(found) elements, which do not fill the "
          + "shape \(expected)")
    case .type(let found, let expected):
      return failure(
        "the column is \(found), the function takes \(expected); cast the column in the query, or "
          + "change the type of the function's input")
    }
  }
}
