extension ArrowColumn {
  /// The value of row `index`.
  ///
  /// - Precondition: the row exists.
  public func value(at index: Int) -> ArrowValue {
    if isNull(index) { return .null }
    let row = offset + index
    func load<Value: BitwiseCopyable>(_: Value.Type, part: Int = 0) -> Value {
      buffers[0].withUnsafeBytes {
        $0.loadUnaligned(
          fromByteOffset: row * (type.byteWidth ?? 0) + part, as: Value.self)
      }
    }
    switch type {
    case .null: return .null
    case .bool: return .bool(bits?[index] ?? false)
    case .int8: return .int(Int64(load(Int8.self)))
    case .int16: return .int(Int64(load(Int16.self)))
    case .int32, .date32, .time32: return .int(Int64(load(Int32.self)))
    case .int64, .date64, .time64, .timestamp, .duration: return .int(load(Int64.self))
    case .uint8: return .uint(UInt64(load(UInt8.self)))
    case .uint16: return .uint(UInt64(load(UInt16.self)))
    case .uint32: return .uint(UInt64(load(UInt32.self)))
    case .uint64: return .uint(load(UInt64.self))
    case .float16: return .float(Double(load(Float16.self)))
    case .float32: return .float(Double(load(Float.self)))
    case .float64: return .float(load(Double.self))
    case .decimal(let bits, _, let scale):
      return buffers[0].withUnsafeBytes { bytes in
        let start = row * bits / 8
        return .decimal(ArrowDecimal(bytes: Array(bytes[start..<start + bits / 8]), scale: scale))
      }
    case .interval(.yearMonth):
      return .interval(months: load(Int32.self), days: 0, nanoseconds: 0)
    case .interval(.dayTime):
      return .interval(
        months: 0, days: load(Int32.self), nanoseconds: Int64(load(Int32.self, part: 4)) * 1_000_000
      )
    case .interval(.monthDayNano):
      return .interval(
        months: load(Int32.self), days: load(Int32.self, part: 4),
        nanoseconds: load(Int64.self, part: 8))
    case .utf8, .largeUTF8, .utf8View:
      return .string(withBytes(index) { String(decoding: $0, as: UTF8.self) })
    case .binary, .largeBinary, .binaryView, .fixedSizeBinary:
      return .binary(withBytes(index) { Array($0) })
    case .list, .largeList, .fixedSizeList:
      return .list(valueRange(index).map { children[0].value(at: $0) })
    case .structure: return .structure(children.map { $0.value(at: row) })
    case .map:
      let entries = children[0]
      return .map(
        valueRange(index).map { entry in
          let position = entries.offset + entry
          return (
            entries.children[0].value(at: position), entries.children[1].value(at: position)
          )
        })
    case .dictionary: return code(index).map { dictionary[0].value(at: $0) } ?? .null
    }
  }

  /// The values of all rows.
  public var values: [ArrowValue] { (0..<count).map { value(at: $0) } }
}
