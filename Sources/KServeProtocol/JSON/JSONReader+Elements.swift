import JSONText
import Tensors

extension JSONReader {
  /// The elements of a tensor, in arrays nested as deep as the sender likes.
  mutating func elements(
    of type: TensorDatatype, count: Int, tensor: String, in kind: HTTPMessageKind
  ) throws(KServeError) -> TensorBytes {
    let place = ElementPlace(tensor: tensor, type: type, count: count, kind: kind)
    switch type {
    case .bool:
      return try fixed(UInt8.self, place) { (reader) throws(KServeError) in
        try reader.truth(place) ? 1 : 0
      }
    case .int8: return try whole(Int8.self, place)
    case .int16: return try whole(Int16.self, place)
    case .int32: return try whole(Int32.self, place)
    case .int64: return try whole(Int64.self, place)
    case .uint8: return try whole(UInt8.self, place)
    case .uint16: return try whole(UInt16.self, place)
    case .uint32: return try whole(UInt32.self, place)
    case .uint64: return try whole(UInt64.self, place)
    case .fp32:
      return try real(Float.self, place) { (reader) throws(KServeError) in
        try reader.float()
      }
    case .fp64:
      return try real(Double.self, place) { (reader) throws(KServeError) in
        try reader.number().double
      }
    case .fp16 where kind == .response:
      return try real(Float16.self, place) { (reader) throws(KServeError) in
        Float16(try reader.number().double)
      }
    case .bf16 where kind == .response:
      // The bits of a single's upper half; what is beyond its range is beyond this one's, too.
      let values = try real(Float.self, place) { (reader) throws(KServeError) in
        let value = BFloat16(try reader.float())
        return value.floatValue
      }
      return values.halved
    case .fp16, .bf16:
      throw KServeError(
        .invalidArgument,
        "receiving \(type) data via JSON is not supported. Please use the binary data format for input "
          + tensor)
    case .bytes: return try strings(place)
    }
  }

  /// What is read, for messages.
  private struct ElementPlace {
    let tensor: String
    let type: TensorDatatype
    let count: Int
    let kind: HTTPMessageKind

    var mismatch: KServeError {
      KServeError(
        .internal,
        "Unable to parse 'data': Shape does not match true shape of 'data' field of \(kind.tensor) "
          + "'\(tensor)', which needs \(count) elements")
    }
  }

  /// A truth value; responses may have numbers for them.
  private mutating func truth(_ place: ElementPlace) throws(KServeError) -> Bool {
    let next = peek()
    if place.kind == .request || next == UInt8(ascii: "t") || next == UInt8(ascii: "f") {
      return try boolean()
    }
    try refuseNull(place)
    switch try number().double {
    case 0: return false
    case 1: return true
    default: throw failure("an element of the output '\(place.tensor)' is no truth value")
    }
  }

  /// Numbers that are not whole. In responses null, as Python's orjson writes it, and the names in
  /// quotes, as protobuf's JSON does, stand for those that JSON has no word for; and a number beyond the
  /// type's range is refused.
  private mutating func real<Value: BinaryFloatingPoint & BitwiseCopyable>(
    _ type: Value.Type, _ place: ElementPlace,
    _ read: (inout JSONReader) throws(KServeError) -> Value
  ) throws(KServeError) -> TensorBytes {
    try fixed(type, place) { (reader) throws(KServeError) in
      if place.kind == .request { return try read(&reader) }
      if try reader.takeNull() { return .nan }
      if reader.peek() == UInt8(ascii: "\"") {
        let text = try reader.string()
        guard let value = Double(text), !value.isFinite else {
          throw reader.failure("the element '\(text)' of the output '\(place.tensor)' is no number")
        }
        return Value(value)
      }
      let start = reader.position
      let value = try read(&reader)
      if value.isInfinite, !reader.text(from: start).contains("I") {
        throw reader.failure(
          "the element \(reader.text(from: start)) of the output '\(place.tensor)' is beyond the range "
            + "of \(place.type)")
      }
      return value
    }
  }

  private mutating func refuseNull(_ place: ElementPlace) throws(KServeError) {
    guard place.kind == .response, try takeNull() else { return }
    throw failure(
      "an element of the output '\(place.tensor)' is null, which \(place.type) has no value for")
  }

  private mutating func whole<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, _ place: ElementPlace
  ) throws(KServeError) -> TensorBytes {
    try fixed(type, place) { (reader) throws(KServeError) in
      try reader.refuseNull(place)
      // Protobuf's JSON has 64-bit numbers in quotes.
      if place.kind == .response, reader.peek() == UInt8(ascii: "\"") {
        let text = try reader.string()
        guard let value = Value(text) else {
          throw reader.failure(
            "the element '\(text)' of the output '\(place.tensor)' is no \(type)")
        }
        return value
      }
      guard let value = try reader.integer(type) else {
        throw reader.failure("an element of \(place.kind.tensor) '\(place.tensor)' is no \(type)")
      }
      return value
    }
  }

  private mutating func fixed<Value: BitwiseCopyable>(
    _ type: Value.Type, _ place: ElementPlace,
    _ read: (inout JSONReader) throws(KServeError) -> Value
  ) throws(KServeError) -> TensorBytes {
    let stride = MemoryLayout<Value>.stride
    // An element takes two bytes of JSON, so that a shape alone cannot make the server allocate.
    guard place.count <= remaining / 2 + 1 else { throw place.mismatch }
    let storage = TensorStorage(byteCount: place.count * stride)
    var index = 0
    try leaves { (reader) throws(KServeError) in
      guard index < place.count else { throw place.mismatch }
      storage.baseAddress.storeBytes(
        of: try read(&reader), toByteOffset: index * stride, as: type)
      index += 1
    }
    guard index == place.count else { throw place.mismatch }
    return TensorBytes(storage)
  }

  private mutating func strings(_ place: ElementPlace) throws(KServeError) -> TensorBytes {
    var bytes: [UInt8] = []
    var index = 0
    try leaves { (reader) throws(KServeError) in
      guard index < place.count else { throw place.mismatch }
      try reader.refuseNull(place)
      let start = bytes.count
      bytes.append(contentsOf: [0, 0, 0, 0])
      try reader.appendString(to: &bytes)
      let size = UInt32(clamping: bytes.count - start - 4)
      for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: size >> (8 * place)) }
      index += 1
    }
    guard index == place.count else { throw place.mismatch }
    return TensorBytes(copying: bytes)
  }

  /// Reads arrays that are nested anyhow. `leaf`, which must consume what stands where no array begins, is
  /// compiled into the loop: a call for each number costs as much as the number.
  @inline(__always)
  private mutating func leaves(
    _ leaf: (inout JSONReader) throws(KServeError) -> Void
  ) throws(KServeError) {
    guard peek() == UInt8(ascii: "[") else { return try leaf(&self) }
    let outside = depth
    try descend("[")
    // Whether the innermost array has no element yet.
    var isNew = true
    while depth > outside {
      if isNew ? take("]") : !take(",") {
        if !isNew { try expect("]") }
        depth -= 1
        isNew = false
      } else if peek() == UInt8(ascii: "[") {
        try descend("[")
        isNew = true
      } else {
        try leaf(&self)
        isNew = false
      }
    }
  }
}

extension TensorBytes {
  /// The upper halves of the singles that these bytes are.
  fileprivate var halved: TensorBytes {
    let count = byteCount / 4
    let storage = TensorStorage(byteCount: count * 2)
    withUnsafeBytes { singles in
      for index in 0..<count {
        let bits = singles.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        storage.baseAddress.storeBytes(
          of: UInt16(truncatingIfNeeded: bits >> 16), toByteOffset: index * 2, as: UInt16.self)
      }
    }
    return TensorBytes(storage)
  }
}
