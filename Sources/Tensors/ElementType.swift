/// The kind of one tensor element.
///
/// The raw values are NumPy's names, which ONNX, TensorFlow and PyTorch share, except for
/// ``string``, which stands for variable-length UTF-8 (or binary) elements.
public enum ElementType: String, Sendable, Hashable, Codable, CaseIterable {
  case bool
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case float16, bfloat16, float32, float64
  case string

  /// Bytes that one element takes, or `nil` for variable-length elements.
  public var byteCount: Int? {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    case .string: nil
    }
  }

  /// Whether elements are numbers (not truth values or strings).
  public var isNumeric: Bool { self != .bool && self != .string }

  /// Whether elements are binary floating-point numbers.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }
}

extension ElementType: CustomStringConvertible {
  public var description: String { rawValue }
}
