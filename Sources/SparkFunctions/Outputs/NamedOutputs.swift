public import ArrowIPC
import Models
public import SparkTypes
public import Tensors

/// The results of one batch as named columns, for functions that return a struct.
///
/// ```swift
/// return ["label": labels, "scores": scores]      // [String] and Tensor<Float> of shape [rows, n]
/// ```
/// The order does not matter.
public struct NamedOutputs: PredictOutput {
  private let entries: [(name: String, output: any PredictOutput)]

  /// Outputs under the names of the declared struct's fields.
  public init(_ entries: [(name: String, output: any PredictOutput)]) { self.entries = entries }

  /// The outputs of a model.
  public init(_ outputs: [String: AnyTensor]) {
    entries = outputs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    guard case .struct(let fields) = request.type else { throw request.mismatch("NamedOutputs") }
    return try structure(fields, request)
  }

  func structure(_ fields: StructType, _ request: OutputRequest) throws -> ArrowColumn {
    let names = entries.map(\.name)
    guard names.sorted() == fields.names.sorted() else {
      throw request.wrongNames(expected: fields.names, found: names)
    }
    let columns = try fields.fields.map { field -> ArrowColumn in
      let output = entries.first { $0.name == field.name }?.output
      guard let column = try output?.column(request.field(field)) else {
        throw request.wrongNames(expected: fields.names, found: names)
      }
      try request.field(field).checkNulls(column, field)
      return column
    }
    return try .structure(fields.arrowSchema().fields, columns, count: request.rowCount)
  }

  public static func outputMismatch(with type: DataType) -> String? {
    if case .struct = type { return nil }
    return "NamedOutputs are a struct, the declared type is \(type.ddl)"
  }
}

extension NamedOutputs: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, any PredictOutput)...) {
    entries = elements.map { ($0, $1) }
  }
}

extension Dictionary: PredictOutput where Key == String, Value: PredictOutput {
  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    try NamedOutputs(map { ($0.key, $0.value) }).column(request)
  }

  public static func outputMismatch(with type: DataType) -> String? {
    NamedOutputs.outputMismatch(with: type)
  }
}

extension OutputRequest {
  func wrongNames(expected: [String], found: [String], row: Int? = nil) -> InferenceError {
    failure(
      "Prediction result columns did not match expected return_type columns: expected \(expected), "
        + "got: \(found)",
      row: row)
  }

  /// Makes sure that a field that is declared without nulls has none.
  func checkNulls(_ column: ArrowColumn, _ field: StructField) throws {
    if !field.isNullable, let row = column.firstNull {
      throw failure("the value is null, the field is declared without nulls", row: row)
    }
  }
}
