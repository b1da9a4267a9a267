import Tensors

extension Inference_InferTensorContents {
  /// The values as the raw bytes of a tensor of `type`.
  func bytes(of type: TensorDatatype, tensor name: String) throws(KServeError) -> TensorBytes {
    if let other = filled, other != Self.field(of: type) {
      throw KServeError(
        .invalidArgument,
        "unexpected explicit tensor data for input tensor '\(name)' in \(other), which is not for "
          + "datatype '\(type)'")
    }
    switch type {
    case .bool: return raw(boolContents.map { $0 ? UInt8(1) : 0 })
    case .int8: return raw(try narrow(intContents, Int8.self, name))
    case .int16: return raw(try narrow(intContents, Int16.self, name))
    case .int32: return raw(intContents)
    case .int64: return raw(int64Contents)
    case .uint8: return raw(try narrow(uintContents, UInt8.self, name))
    case .uint16: return raw(try narrow(uintContents, UInt16.self, name))
    case .uint32: return raw(uintContents)
    case .uint64: return raw(uint64Contents)
    case .fp32: return raw(fp32Contents)
    case .fp64: return raw(fp64Contents)
    case .fp16, .bf16:
      throw KServeError(
        .invalidArgument,
        "the tensor '\(name)' is of \(type), for which typed contents have no place; use raw contents"
      )
    case .bytes:
      var bytes: [UInt8] = []
      for element in bytesContents {
        withUnsafeBytes(of: UInt32(clamping: element.count).littleEndian) {
          bytes.append(contentsOf: $0)
        }
        bytes.append(contentsOf: element)
      }
      return TensorBytes(copying: bytes)
    }
  }

  /// The field that has elements.
  private var filled: String? {
    let counts = [
      ("bool_contents", boolContents.count), ("int_contents", intContents.count),
      ("int64_contents", int64Contents.count), ("uint_contents", uintContents.count),
      ("uint64_contents", uint64Contents.count), ("fp32_contents", fp32Contents.count),
      ("fp64_contents", fp64Contents.count), ("bytes_contents", bytesContents.count),
    ]
    return counts.first { $0.1 > 0 }?.0
  }

  /// The field for elements of `type`; 16-bit floating-point numbers have none.
  private static func field(of type: TensorDatatype) -> String? {
    switch type {
    case .bool: "bool_contents"
    case .int8, .int16, .int32: "int_contents"
    case .int64: "int64_contents"
    case .uint8, .uint16, .uint32: "uint_contents"
    case .uint64: "uint64_contents"
    case .fp32: "fp32_contents"
    case .fp64: "fp64_contents"
    case .fp16, .bf16: nil
    case .bytes: "bytes_contents"
    }
  }

  private func raw<Value: BitwiseCopyable>(_ values: [Value]) -> TensorBytes {
    values.withUnsafeBytes { TensorBytes(copying: $0) }
  }

  private func narrow<Wide: FixedWidthInteger, Narrow: FixedWidthInteger>(
    _ values: [Wide], _ type: Narrow.Type, _ tensor: String
  ) throws(KServeError) -> [Narrow] {
    var result: [Narrow] = []
    result.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard let narrow = Narrow(exactly: value) else {
        throw KServeError(
          .invalidArgument,
          "element \(index) of the tensor '\(tensor)' is \(value), which is no \(type)")
      }
      result.append(narrow)
    }
    return result
  }
}
