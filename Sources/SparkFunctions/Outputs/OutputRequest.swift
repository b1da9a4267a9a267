import ArrowIPC
public import Models
public import SparkTypes
import Tensors

/// What is wanted of a prediction: a column of a type and a length.
public struct OutputRequest: Sendable {
  /// The declared type of the result, or of one of its fields.
  public var type: DataType
  /// The number of rows that the function got.
  public var rowCount: Int
  /// The rows' numbers within the partition.
  public var rows: RowNumbers
  /// Whether dimensions beyond those of the declared type are flattened into the innermost array.
  public var flattening: Bool
  /// The field's name for messages, `nil` for the whole result.
  public var field: String?
  /// The function's name.
  public var function: String
  /// Whether a function of the user's gives the result, or a model.
  let form: InputArgument.Form

  init(
    type: DataType, rowCount: Int, rows: RowNumbers = RowNumbers(), flattening: Bool = false,
    field: String? = nil, function: String, form: InputArgument.Form = .closure
  ) {
    self.type = type
    self.rowCount = rowCount
    self.rows = rows
    self.flattening = flattening
    self.field = field
    self.function = function
    self.form = form
  }

  /// An error about the result, and one of its rows if given.
  public func failure(
    _ message: String, row: Int? = nil, cause: (any Error)? = nil
  ) -> InferenceError {
    var place = ""
    if let field { place += "field '\(field)'" }
    if let row { place += "\(place.isEmpty ? "" : ", ")row \(rows[row])" }
    return InferenceError(
      .invalidOutput, place.isEmpty ? message : "\(place): \(message)", function: function,
      cause: cause)
  }

  /// The request for field `field` of a struct result.
  func field(_ field: StructField) -> OutputRequest {
    var result = self
    result.type = field.type
    result.field = self.field.map { "\($0).\(field.name)" } ?? field.name
    return result
  }

  /// Makes sure that the result has one row for each row of the input.
  func checkLength(_ found: Int) throws {
    guard found == rowCount else {
      throw failure(
        "Prediction results must have same length as input data. The function got \(rowCount) rows "
          + "and returned \(found)")
    }
  }

  /// The error for a result of a wrong kind.
  func mismatch(_ found: String) -> InferenceError {
    switch type {
    case .struct:
      failure(
        "Prediction results for StructType must be a dictionary or a list of dictionary, got: "
          + "\(found); return NamedOutputs, or an array of an Encodable struct")
    case .array:
      failure(
        "Prediction results for ArrayType must be an ndarray. The declared type is \(type), got: "
          + "\(found); return a tensor of two dimensions, or an array of arrays")
    default:
      failure(
        "Invalid scalar prediction result. The declared type is \(type), got: \(found)")
    }
  }

  /// The Arrow type that Spark expects.
  func arrowType() throws -> ArrowType { try type.arrowType() }
}

extension DataType {
  /// Why functions cannot give this type, or `nil` if they can: numbers, booleans, strings, binary,
  /// arrays of them, and structs of all these.
  func unsupportedReturn(isField: Bool = false) -> String? {
    switch self {
    case .byte, .short, .integer, .long, .float, .double, .boolean, .binary, .string, .char,
      .varchar:
      return nil
    case .array(let element, _):
      if case .struct = element { break }
      return element.unsupportedReturn(isField: isField)
    case .struct(let fields):
      if isField || fields.isEmpty { break }
      return fields.fields.compactMap { field in
        field.type.unsupportedReturn(isField: true).map { "\($0) (field '\(field.name)')" }
      }.first
    default: break
    }
    return isField
      ? "Unsupported field type in return struct type. \(ddl) is none of the numbers, boolean, "
        + "string, binary and arrays of them"
      : "Unsupported return type: \(ddl) is none of the numbers, boolean, string, binary, arrays of "
        + "them and structs of these"
  }
}
