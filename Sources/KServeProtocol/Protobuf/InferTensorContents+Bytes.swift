internal import Tensors

extension Inference_InferTensorContents {
  /// The values as the raw bytes of a tensor of `type`.
  func bytes(of type: TensorDatatype, tensor name: String) throws(KServeError) -> TensorBytes {
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
