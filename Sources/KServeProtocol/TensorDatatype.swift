public import Tensors

/// A KServe v2 element type, by its name on the wire.
public enum TensorDatatype: String, Sendable, Hashable, Codable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case fp16 = "FP16"
  case fp32 = "FP32"
  case fp64 = "FP64"
  case bf16 = "BF16"
  case bytes = "BYTES"

  /// Bytes that one element takes, `nil` for ``bytes``, whose elements carry their length.
  public var byteWidth: Int? { elementType.byteCount }

  /// The tensors' name of the same type.
  public var elementType: ElementType {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .fp16: .float16
    case .fp32: .float32
    case .fp64: .float64
    case .bf16: .bfloat16
    case .bytes: .string
    }
  }

  /// The protocol's name of `elementType`; every element type has one.
  public init(_ elementType: ElementType) {
    self =
      switch elementType {
      case .bool: .bool
      case .uint8: .uint8
      case .uint16: .uint16
      case .uint32: .uint32
      case .uint64: .uint64
      case .int8: .int8
      case .int16: .int16
      case .int32: .int32
      case .int64: .int64
      case .float16: .fp16
      case .float32: .fp32
      case .float64: .fp64
      case .bfloat16: .bf16
      case .string: .bytes
      }
  }

  /// The bytes that a tensor of `shape` takes, `nil` for ``bytes``.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` when a dimension is
  ///   negative or the product does not fit an `Int`.
  public func byteCount(ofShape shape: [Int], tensor name: String) throws(KServeError) -> Int? {
    guard let count = Shape(shape).elementCount else {
      throw KServeError(
        .invalidArgument,
        "the tensor '\(name)' has the shape \(shape), which is negative or too large; every "
          + "dimension must be 0 or more and their product must fit 63 bits")
    }
    guard let byteWidth else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: byteWidth)
    if overflow {
      throw KServeError(
        .invalidArgument,
        "the tensor '\(name)' of \(rawValue) has the shape \(shape), whose size does not fit 63 "
          + "bits; send it in smaller batches")
    }
    return bytes
  }
}

extension TensorDatatype: CustomStringConvertible {
  public var description: String { rawValue }
}
