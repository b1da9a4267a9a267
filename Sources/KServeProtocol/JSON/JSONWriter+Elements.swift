import JSONText
import Tensors

/// Which of the two messages a tensor is in: what a server sends is read and written as Triton does,
/// what others send is taken as long as it is exact.
enum HTTPMessageKind {
  case request
  case response
}

extension JSONWriter {
  /// The elements of a tensor in row-major order, without nesting. Floats have the digits of their
  /// doubles, as Triton writes them, which are exact.
  mutating func elements(
    of tensor: AnyTensor, name: String, as kind: HTTPMessageKind
  ) throws(KServeError) {
    switch tensor {
    case .bool(let tensor): array(tensor.scalars) { $0.write($1) }
    case .int8(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .int16(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .int32(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .int64(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .uint8(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .uint16(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .uint32(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .uint64(let tensor): array(tensor.scalars) { $0.raw(String($1)) }
    case .float32(let tensor): array(tensor.scalars) { $0.write(Double($1)) }
    case .float64(let tensor): array(tensor.scalars) { $0.write($1) }
    // Servers without binary tensors have no other way for these.
    case .float16(let tensor) where kind == .request:
      array(tensor.scalars) { $0.write(Double($1)) }
    case .bfloat16(let tensor) where kind == .request:
      array(tensor.scalars) { $0.write(Double($1.floatValue)) }
    case .float16, .bfloat16:
      throw KServeError(
        .invalidArgument,
        "sending \(TensorDatatype(tensor.elementType)) data via JSON is not supported. Please use the "
          + "binary data format for output '\(name)'")
    case .string(let tensor):
      try array(0..<tensor.count) { (writer, index) throws(KServeError) in
        let text = tensor.bytes[tensor.offsets[index]..<tensor.offsets[index + 1]]
        if kind == .request, String(validating: text, as: UTF8.self) == nil {
          throw KServeError(
            .invalidArgument,
            "element \(index) of the input '\(name)' has \(text.count) bytes that are no text in "
              + "UTF-8, which JSON cannot carry")
        }
        writer.write(text: text)
      }
    }
  }
}
