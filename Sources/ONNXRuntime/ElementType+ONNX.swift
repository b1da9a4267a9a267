import Tensors

extension ElementType {
  /// The number of the type in ONNX (`TensorProto.DataType`), which ONNX Runtime uses too.
  var onnxCode: Int32 {
    switch self {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .uint16: 4
    case .int16: 5
    case .int32: 6
    case .int64: 7
    case .string: 8
    case .bool: 9
    case .float16: 10
    case .float64: 11
    case .uint32: 12
    case .uint64: 13
    case .bfloat16: 16
    }
  }

  private static let byONNXCode = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0.onnxCode, $0) })

  /// - Returns: `nil` for a type that tensors cannot hold: complex, 8-bit float, 4-bit.
  init?(onnxCode: Int32) {
    guard let type = Self.byONNXCode[onnxCode] else { return nil }
    self = type
  }

  /// What to call the type with this number in a message.
  static func onnxName(of code: Int32) -> String {
    switch code {
    case 14: "complex64"
    case 15: "complex128"
    case 17: "float8e4m3fn"
    case 18: "float8e4m3fnuz"
    case 19: "float8e5m2"
    case 20: "float8e5m2fnuz"
    case 21: "uint4"
    case 22: "int4"
    case 23: "float4e2m1"
    case 24: "float8e8m0"
    case 25: "uint2"
    case 26: "int2"
    default: ElementType(onnxCode: code)?.rawValue ?? "element type \(code)"
    }
  }
}
