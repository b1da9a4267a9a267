public import ArrowIPC
import Models
public import SparkTypes
public import Tensors

extension Tensor: PredictOutput {
  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    let layout = try TensorLayout(shape, request, found: "Tensor<\(Element.elementType)>\(shape)")
    let values = try elements(of: layout.leaf, layout.perRow, request)
    return try layout.column(of: values, request)
  }

  /// The elements in row-major order as a column of a scalar type.
  private func elements(
    of type: DataType, _ perRow: Int, _ request: OutputRequest
  ) throws -> ArrowColumn {
    if let booleans = self as? Tensor<Bool> {
      guard type == .boolean else { throw wrongElements(type, request) }
      return ArrowColumn(booleans)
    }
    guard let numbers = self as? any NumericTensor else { throw wrongElements(type, request) }
    let cast = NumericCast(request: request, perRow: perRow)
    switch type {
    case .byte: return try numbers.cast(to: Int8.self, cast)
    case .short: return try numbers.cast(to: Int16.self, cast)
    case .integer: return try numbers.cast(to: Int32.self, cast)
    case .long: return try numbers.cast(to: Int64.self, cast)
    case .float: return try numbers.cast(to: Float.self, cast)
    case .double: return try numbers.cast(to: Double.self, cast)
    default: throw wrongElements(type, request)
    }
  }

  private func wrongElements(_ type: DataType, _ request: OutputRequest) -> InferenceError {
    request.failure("a tensor of \(Element.elementType) was returned, the declared type is \(type)")
  }

  public static func outputMismatch(with type: DataType) -> String? {
    switch type {
    case .struct: return "a tensor is no struct; return NamedOutputs"
    case .array(let element, _): return outputMismatch(with: element)
    case .boolean:
      return Element.self == Bool.self ? nil : "a tensor of \(Element.elementType) is not boolean"
    case _ where type.isNumeric:
      return Element.self == Bool.self ? "a tensor of bool is not numeric" : nil
    default: return "a tensor of \(Element.elementType) cannot become \(type.ddl)"
    }
  }
}

extension StringTensor: PredictOutput {
  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    let layout = try TensorLayout(shape, request, found: "StringTensor\(shape)")
    guard layout.leaf.isString || layout.leaf == .binary else {
      throw request.failure(
        "a tensor of strings was returned, the declared type is \(request.type)")
    }
    guard bytes.count <= Int(Int32.max) else {
      throw request.failure(
        "the strings take \(bytes.count) bytes, more than a batch can hold; use a smaller "
          + "batchSize (--batch-size)"
      )
    }
    return try layout.column(
      of: ArrowColumn.strings(self).retyped(layout.leaf.arrowType()), request)
  }

  public static func outputMismatch(with type: DataType) -> String? {
    switch type {
    case .array(let element, _): outputMismatch(with: element)
    case .binary: nil
    case _ where type.isString: nil
    default: "strings cannot become \(type.ddl)"
    }
  }
}

extension AnyTensor: PredictOutput {
  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    switch self {
    case .string(let tensor): try tensor.column(request)
    case .bool(let tensor): try tensor.column(request)
    case .int8(let tensor): try tensor.column(request)
    case .int16(let tensor): try tensor.column(request)
    case .int32(let tensor): try tensor.column(request)
    case .int64(let tensor): try tensor.column(request)
    case .uint8(let tensor): try tensor.column(request)
    case .uint16(let tensor): try tensor.column(request)
    case .uint32(let tensor): try tensor.column(request)
    case .uint64(let tensor): try tensor.column(request)
    case .float16(let tensor): try tensor.column(request)
    case .bfloat16(let tensor): try tensor.column(request)
    case .float32(let tensor): try tensor.column(request)
    case .float64(let tensor): try tensor.column(request)
    }
  }
}

/// How the dimensions of a tensor become rows and arrays.
struct TensorLayout {
  /// The type of the innermost elements.
  let leaf: DataType
  /// The lengths of the arrays, outermost first; none for scalar columns.
  let widths: [Int]
  /// The number of elements in a row.
  let perRow: Int

  init(_ shape: Shape, _ request: OutputRequest, found: String) throws {
    var leaf = request.type
    var depth = 0
    while let element = leaf.arrayElement {
      leaf = element
      depth += 1
    }
    if case .struct = request.type { throw request.mismatch(found) }
    let prefix = request.field == nil ? "" : "Prediction results for scalar types must be "
    // A model that drops dimensions of size 1 has dropped that of a single row.
    let shape = request.rowCount == 1 && shape.rank == depth ? shape.batched(1) : shape
    guard let rows = shape.first else {
      throw depth == 0
        ? request.failure(
          "Invalid shape for scalar prediction result. The tensor has no dimensions, expected [rows]"
        )
        : request.failure(
          "Prediction results for ArrayType must be two-dimensional. The tensor has no dimensions")
    }
    try request.checkLength(rows)
    let rowShape = shape.rowShape
    perRow = rowShape.elementCount ?? 0
    self.leaf = leaf
    switch depth {
    case 0:
      guard rowShape == [] || rowShape == [1] || (request.flattening && perRow == 1) else {
        throw request.failure(
          (prefix.isEmpty
            ? "Invalid shape for scalar prediction result. "
            : prefix
              + "one-dimensional. ")
            + "The tensor has the shape \(shape), expected [\(rows)] or [\(rows), 1]; declare "
            + ".array(…) for several numbers a row")
      }
      widths = []
    case rowShape.rank: widths = rowShape.dimensions
    case 1 where rowShape.rank == 0 || !request.flattening:
      throw request.failure(
        "Prediction results for ArrayType must be two-dimensional. The tensor has the shape \(shape)"
          + (rowShape.rank == 0
            ? "; declare a scalar type, or reshape it to [\(rows), 1]"
            : "; reshape it to [\(rows), \(perRow)], or define the function with flattening: true"))
    case 1..<max(rowShape.rank, 1) where request.flattening:
      widths =
        rowShape.dimensions.prefix(depth - 1)
        + [rowShape.dimensions.dropFirst(depth - 1).reduce(1, *)]
    default:
      throw request.failure(
        "the tensor has the shape \(shape), which does not fit the declared type \(request.type): "
          + "expected \(depth + 1) dimensions")
    }
  }

  /// The column of rows over the innermost elements.
  func column(of values: ArrowColumn, _ request: OutputRequest) throws -> ArrowColumn {
    var column = values
    guard values.count <= Int(Int32.max) else {
      throw request.failure(
        "the batch has \(values.count) elements, more than an array column can hold; use a smaller "
          + "batchSize (--batch-size)")
    }
    for depth in widths.indices.reversed() {
      let rows = widths[..<depth].reduce(request.rowCount, *)
      column = .lists(of: column, rows: rows, width: widths[depth])
    }
    return column.retyped(try request.arrowType())
  }
}
