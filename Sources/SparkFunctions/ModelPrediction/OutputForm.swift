import ArrowIPC
import Models
import SparkTypes
import Tensors

/// The form of a column with the numbers of an output.
public enum OutputForm: String, Sendable, Hashable, Codable, CaseIterable {
  /// The elements of a row in row-major order, also where the output has one number a row, which else is
  /// a column of single numbers.
  case array
  /// A dense vector of Spark ML with the elements of a row as doubles (whole numbers of more than 53 bits
  /// become the nearest one).
  case vector
  /// The bytes of a row's elements in row-major order, little-endian: as columns of bytes feed inputs.
  /// Elements are the output's (`float32` of numbers of 16 bits that were rounded or became probabilities,
  /// `int32` for positions), and of truth values a byte each, 0 or 1.
  case binary

  /// What it is called in messages, in both forms.
  var name: String { ".as(.\(rawValue)) (--output-as \(rawValue))" }

  /// The type of the column.
  ///
  /// - Parameter numbers: the type without the form.
  func columnType(of numbers: DataType) -> DataType {
    switch self {
    case .array: numbers.arrayElement == nil ? .array(numbers) : numbers
    case .vector: .vector
    case .binary: .binary
    }
  }

  /// Why elements cannot have this form.
  func mismatch(_ element: ElementType) -> String? {
    switch self {
    case .array: nil
    case .vector where element == .string || element == .bool:
      "whose values are \(element), and vectors have numbers; take it as it is"
    case .binary where element == .string:
      "whose values are strings, whose bytes have no fixed number; take it as it is"
    case .vector, .binary: nil
    }
  }

  /// The column of the rows of a tensor, as an output of a prediction.
  ///
  /// - Parameter tensor: `[rows, ...]`.
  func output(_ tensor: AnyTensor, rows: Int) throws -> any PredictOutput {
    let width = rows == 0 ? 0 : (tensor.shape.elementCount ?? 0) / rows
    switch self {
    case .array: return try tensor.reshaped(to: [rows, width])
    case .vector: return try Self.vectors(tensor.doubles(), rows: rows, width: width)
    case .binary:
      guard let (storage, range) = tensor.bytes else {
        throw TensorError("strings have no bytes of a fixed number")
      }
      let size = rows == 0 ? 0 : range.count / rows
      let offsets = try Self.offsets(rows: rows, size: size)
      return ArrowColumn(
        unchecked: .binary, count: rows,
        buffers: ArrowColumn(offsets).buffers + [ArrowBuffer(storage, range: range)])
    }
  }

  /// Dense vectors as Spark stores them: `type` 1, `values`, and no `size` and `indices`.
  private static func vectors(
    _ values: Tensor<Double>, rows: Int, width: Int
  ) throws -> ArrowColumn {
    guard case .structure(let fields) = try DataType.vector.arrowType() else {
      throw TensorError("vectors are structs")
    }
    _ = try offsets(rows: rows, size: width)
    let values = ArrowColumn.lists(
      of: ArrowColumn(values), rows: rows, width: width, containsNull: false)
    let columns = try fields.map { field in
      switch field.name {
      case "type": ArrowColumn.numbers([Int8?](repeating: 1, count: rows))
      case "values": values
      default:
        try ArrowColumn([ArrowValue](repeating: .null, count: rows), type: field.type)
      }
    }
    return try .structure(fields, columns, count: rows)
  }

  /// Where each row begins, and where the last one ends.
  private static func offsets(rows: Int, size: Int) throws -> Tensor<Int32> {
    guard rows * size <= Int(Int32.max) else {
      throw TensorError(
        "the batch has \(rows) rows of \(size) each, more than a column can hold; use a smaller "
          + "batchSize (--batch-size)")
    }
    return Tensor((0...rows).map { Int32($0 * size) })
  }
}

extension AnyTensor {
  /// The numbers as doubles.
  ///
  /// - Throws: `TensorError` for truth values and strings.
  func doubles() throws -> Tensor<Double> {
    switch self {
    case .bool, .string: throw TensorError("\(elementType) are no numbers")
    case .int8(let tensor): try tensor.converted(to: Double.self)
    case .int16(let tensor): try tensor.converted(to: Double.self)
    case .int32(let tensor): try tensor.converted(to: Double.self)
    case .int64(let tensor): try tensor.converted(to: Double.self)
    case .uint8(let tensor): try tensor.converted(to: Double.self)
    case .uint16(let tensor): try tensor.converted(to: Double.self)
    case .uint32(let tensor): try tensor.converted(to: Double.self)
    case .uint64(let tensor): try tensor.converted(to: Double.self)
    case .float16(let tensor): try tensor.converted(to: Double.self)
    case .bfloat16(let tensor): try tensor.converted(to: Double.self)
    case .float32(let tensor): try tensor.converted(to: Double.self)
    case .float64(let tensor): try tensor.converted(to: Double.self)
    }
  }
}
