public import ArrowIPC
import ErrorCauses
public import Models
public import Tensors

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
  /// What becomes of missing values.
  public var nulls: NullPolicy
  /// What becomes of arrays that are too short.
  public var ragged: RaggedPolicy
  /// The function's name.
  public var function: String
  /// Who set ``nulls`` and ``ragged``, so that messages advise what the reader can do.
  var form = Form.closure
  /// How the rows of ``column`` lie within those of the batch, the outermost step first.
  private var steps: [Step] = []

  enum Form { case closure, model }

  private enum Step {
    /// They are the elements of these lists.
    case elements(of: ArrowColumn)
    /// They are the rows at these positions.
    case selection([Int])
  }

  init(
    column: ArrowColumn, rowShape: Shape?, name: String, rows: RowNumbers, nulls: NullPolicy,
    ragged: RaggedPolicy, function: String, form: Form = .closure
  ) {
    self.column = column
    self.rowShape = rowShape
    self.name = name
    self.rows = rows
    self.nulls = nulls
    self.ragged = ragged
    self.function = function
    self.form = form
  }

  /// An error about the column, and one of its rows if given.
  public func failure(_ message: String, row: Int? = nil) -> InferenceError {
    failure(message, row: row, element: nil)
  }

  /// An error about an element of a row, or about a row that `fault` tells to be wrong.
  func failure(
    _ message: String, row: Int?, element: Int?, fault kind: RowFaultKind? = nil
  ) -> InferenceError {
    let column = "column '\(name)'"
    var place = column
    var withinRow = column
    var position: Int?
    if var row {
      var elements = element.map { [$0] } ?? []
      for step in steps.reversed() {
        switch step {
        case .selection(let positions):
          row = positions.indices.contains(row) ? positions[row] : row
        case .elements(let lists):
          let (list, element) = lists.list(ofElement: row)
          row = list
          elements.insert(element, at: 0)
        }
      }
      position = row
      place += ", row \(rows[row])"
      if !elements.isEmpty {
        let element = ", element \(elements.map(String.init).joined(separator: "."))"
        place += element
        withinRow += element
      }
    }
    var error = InferenceError(.invalidInput, "\(place): \(message)", function: function)
    error.fault = kind.map { RowFault($0, row: position, "\(withinRow): \(message)") }
    return error
  }

  /// The error for a row, or an element of it, that is null.
  func nullFailure(_ row: Int, element: Int? = nil) -> InferenceError {
    let remedy =
      switch form {
      case .closure: "define the function with nulls: .fill(0) or .skip"
      case .model: "predict with nulls: .fill(0) or .skip (--on-null fill=0 or null)"
      }
    return failure(
      "the value is null; fill or drop nulls \(before), or \(remedy)", row: row, element: element,
      fault: .null)
  }

  /// Where the column can be changed.
  private var before: String { form == .closure ? "in the query" : Advice.before }

  /// How to fill up rows that are too short.
  private var padding: String {
    switch form {
    case .closure: "define the function with ragged: .pad()"
    case .model: "predict with ragged: .pad() (--on-ragged pad=0)"
    }
  }

  /// The same input over other rows or another column.
  func with(_ column: ArrowColumn, name: String? = nil) -> InputArgument {
    var result = self
    result.column = column
    result.name = name ?? self.name
    return result
  }

  /// The rows at `positions`, which ascend.
  func selecting(_ positions: [Int]) throws -> InputArgument {
    var result = with(try column.selecting(positions))
    result.steps.append(.selection(positions))
    return result
  }

  /// The elements of all lists of the column, none of which is null.
  var elements: InputArgument {
    let start = column.count == 0 ? 0 : column.valueRange(0).lowerBound
    let end = column.count == 0 ? 0 : column.valueRange(column.count - 1).upperBound
    var result = with(column.children[0].slice(start..<end))
    result.rowShape = nil
    result.steps.append(.elements(of: column))
    return result
  }

  /// Field `index` of a struct column.
  private func field(_ index: Int) -> InputArgument? {
    guard case .structure(let fields) = column.type, fields.indices.contains(index) else {
      return nil
    }
    return with(column.field(index), name: "\(name).\(fields[index].name)")
  }

  /// `error` with the column and row that it is about.
  func describing(_ error: any Error, element: ElementType) -> any Error {
    guard let error = error as? ArrowConversionError else { return error }
    var result = described(error, element: element)
    result.cause = error
    return result
  }

  private func described(_ error: ArrowConversionError, element: ElementType) -> InferenceError {
    let mismatch = "Input data does not match expected shape. "
    switch error {
    case .null(let row): return nullFailure(row)
    case .nullElement(let row, let index):
      if let field = field(index) { return field.nullFailure(row) }
      return nullFailure(row, element: index)
    case .ragged(let row, let found, let expected):
      if let rowShape, !rowShape.isDynamic {
        return failure(
          mismatch + "The row has \(found) elements, the shape "
            + "\(rowShape) needs \(expected)"
            + (column.type.isBinary ? " (as \(element) in little-endian bytes)" : "")
            + "; correct the shape or the data, or \(padding)",
          row: row, element: nil, fault: .length)
      }
      return failure(
        "the row has \(found) elements, the first row of the batch \(expected); rows of a tensor "
          + "must be equally long: \(padding) to fill them up",
        row: row, element: nil, fault: .length)
    case .jagged(let row, let found, let expected):
      return failure(
        mismatch
          + "The row's arrays differ in length (\(expected) and \(found) elements); those of a "
          + "tensor are equally long",
        row: row, element: nil, fault: .length)
    case .dimensions(let row, let found, let expected):
      let isDeclared = rowShape == expected
      return failure(
        mismatch + "The row is a nested array of the dimensions \(found), "
          + (isDeclared
            ? "expected \(expected). Nested arrays must have the dimensions of the input; to have their "
              + "elements read in the order in which they stand, flatten them (flatten) \(before)"
            : "the first row of the batch has \(expected); rows of a tensor have the same dimensions"),
        row: row, element: nil, fault: .length)
    case .shape(let found, let expected):
      return failure(
        expected.count { $0 < 0 } > 1
          ? mismatch
            + "Rows are flat arrays of \(found) elements, and several dimensions of the shape "
            + "\(expected) are open; give nested arrays"
            + (form == .model ? ", or say the shape of a row with shapes: (--shape)" : "")
          : mismatch + "Rows have \(found) elements, which do not fill the shape \(expected)",
        row: nil, element: nil,
        // The first row of the batch tells how long all of them are.
        fault: column.type.listElement != nil || column.type.isBinary ? .length : nil)
    case .inexact(let row, let index, let number):
      if let field = index.flatMap({ field($0) }) {
        return field.described(.inexact(row: row, index: nil, number: number), element: element)
      }
      let remedy = (number.isFraction ? "round it " : "correct it ") + before
      let type = number.isFraction ? "a floating-point type" : "a wider type"
      return failure(
        "\(number.reason); \(remedy)"
          + (form == .model ? "" : ", or let the function take \(type)"),
        row: row, element: index, fault: .number)
    case .type(let found, let expected):
      return failure(
        form == .closure
          ? "the column is \(found), the function takes \(expected); cast the column in the query, or "
            + "change the type of the function's input"
          : "the column is \(found), the model's input takes \(expected); cast the column \(before)"
      )
    }
  }
}

extension ArrowColumn {
  /// The list to which element `index` of all belongs, and its place in that.
  fileprivate func list(ofElement index: Int) -> (list: Int, element: Int) {
    let position = (count == 0 ? 0 : valueRange(0).lowerBound) + index
    let row = (0..<count).first { valueRange($0).contains(position) } ?? 0
    return (row, count == 0 ? index : position - valueRange(row).lowerBound)
  }
}
