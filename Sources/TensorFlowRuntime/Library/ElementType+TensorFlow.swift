import Tensors

extension ElementType {
  /// The number of the type in TensorFlow (`DataType` in `tensorflow/core/framework/types.proto`).
  var tensorFlowCode: Int32 {
    switch self {
    case .float32: 1
    case .float64: 2
    case .int32: 3
    case .uint8: 4
    case .int16: 5
    case .int8: 6
    case .string: 7
    case .int64: 9
    case .bool: 10
    case .bfloat16: 14
    case .uint16: 17
    case .float16: 19
    case .uint32: 22
    case .uint64: 23
    }
  }

  private static let byTensorFlowCode = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0.tensorFlowCode, $0) })

  /// - Returns: `nil` for a type that tensors cannot hold: complex, quantised, resources.
  init?(tensorFlowCode: Int32) {
    guard let type = Self.byTensorFlowCode[tensorFlowCode] else { return nil }
    self = type
  }

  /// What to call the type with this number in a message.
  static func tensorFlowName(of code: Int32) -> String {
    switch code {
    case 8: "complex64"
    case 18: "complex128"
    case 11: "qint8"
    case 12: "quint8"
    case 13: "qint32"
    case 15: "qint16"
    case 16: "quint16"
    case 20: "resource"
    case 21: "variant"
    case 24...28: "an 8-bit floating-point type"
    case 29, 30: "a 4-bit integer type"
    default: ElementType(tensorFlowCode: code)?.rawValue ?? "element type \(code)"
    }
  }
}
