public import ArrowIPC
public import SparkTypes

/// A type that a predict function takes: a batch of one column.
///
/// | column | types |
/// |---|---|
/// | numbers, booleans | `Tensor<Float>` (and all other elements) of shape `[rows]`, `[Float]`, `[Float?]`, `[Bool]` … |
/// | arrays of numbers, nested too | `Tensor<Float>` of shape `[rows] + shape`, `[[Float]]` |
/// | binary (raw little-endian elements) | `Tensor<Float>` of shape `[rows] + shape`, `[[UInt8]]`, `[[Float]]` |
/// | a struct of numbers | `Tensor<Float>` of shape `[rows, fields]` |
/// | strings | `[String]`, `[String?]`, `StringTensor` of shape `[rows]` |
/// | arrays of strings | `StringTensor` of shape `[rows] + shape`, `[[String]]` |
/// | anything | `ArrowColumn`; `RecordBatch` (the fields of a struct, or all columns) |
///
/// Numbers are converted to the element type asked for: exactly to integers (decimals and
/// floating-point numbers too), else there is an error with column, row and number; to the nearest
/// number of floating-point types. Tensors of the same type are views of the memory that the data was
/// received in.
public protocol PredictInput: Sendable {
  /// How columns are fitted to the input.
  static var form: PredictInputForm { get }

  /// Reads a batch.
  ///
  /// - Throws: ``InferenceError`` naming column and row.
  init(_ argument: InputArgument) throws

  /// Why a column of `type` can never be read, or `nil` if it can.
  static func inputMismatch(with type: DataType) -> String?
}

/// How columns are fitted to an input.
public enum PredictInputForm: Sendable, Hashable {
  /// A dense tensor: array columns need a shape, a struct of numbers becomes a matrix.
  case tensor
  /// One value for each row.
  case values
  /// The columns as they are.
  case raw
}

extension ArrowColumn: PredictInput {
  public static var form: PredictInputForm { .raw }
  public init(_ argument: InputArgument) throws { self = argument.column }
  public static func inputMismatch(with type: DataType) -> String? { nil }
}

extension RecordBatch: PredictInput {
  public static var form: PredictInputForm { .raw }

  public init(_ argument: InputArgument) throws {
    let column = argument.column
    guard case .structure(let fields) = column.type else {
      try self.init([(argument.name, column)])
      return
    }
    try self.init(
      schema: ArrowSchema(fields), columns: fields.indices.map { column.field($0) },
      rowCount: column.count)
  }

  public static func inputMismatch(with type: DataType) -> String? { nil }
}

/// An input that takes any number of columns.
protocol AllColumnsInput {}

extension RecordBatch: AllColumnsInput {}
