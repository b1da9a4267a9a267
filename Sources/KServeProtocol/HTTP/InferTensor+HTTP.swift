internal import Tensors

extension InferTensor {
  /// Reads an input of a request or an output of a response; `rest` are the bytes behind the JSON
  /// that no tensor has taken.
  ///
  /// - Parameter isOutput: whether contents may be missing, as those are that Triton put into shared
  ///   memory.
  init(
    http reader: inout JSONReader, body: TensorBytes, rest: inout Range<Int>, isOutput: Bool = false
  ) throws(KServeError) {
    var name: String?
    var shape: [Int]?
    var datatype: String?
    var parameters: [String: InferParameter] = [:]
    var data: Range<Int>?
    let whole = reader
    try reader.object { (reader, member) throws(KServeError) in
      switch member {
      case "name": name = try reader.string()
      case "datatype": datatype = try reader.string()
      case "shape":
        var dimensions: [Int] = []
        try reader.array { (reader) throws(KServeError) in
          guard let dimension = try reader.value().integer(Int.self), dimension >= 0 else {
            throw reader.failure("a dimension must be a whole number, and not negative")
          }
          dimensions.append(dimension)
        }
        shape = dimensions
      case "parameters": parameters = try reader.parameters(ofTensor: true)
      case "data": data = try reader.skip()
      default: try reader.skip()
      }
    }
    let places = [
      data.map { _ in "data" },
      parameters[InferParameterName.binaryDataSize].map { _ in InferParameterName.binaryDataSize },
      parameters[InferParameterName.sharedMemoryRegion]
        .map { _ in InferParameterName.sharedMemoryRegion },
    ].compactMap { $0 }
    if !isOutput, places.count != 1 {
      throw KServeError(
        .invalidArgument,
        "Input must set only one of the following fields: 'data', 'binary_data_size' in "
          + "'parameters', 'shared_memory_region' in 'parameters'. But "
          + (places.isEmpty
            ? "no field is set" : "set " + places.map { "'\($0)'" }.joined(separator: " ")))
    }
    guard let name else { throw KServeError(.internal, "a tensor has no 'name'") }
    guard let shape else { throw KServeError(.internal, "the tensor '\(name)' has no 'shape'") }
    guard let datatype else {
      throw KServeError(.internal, "the tensor '\(name)' has no 'datatype'")
    }
    guard let type = TensorDatatype(rawValue: datatype) else {
      throw KServeError(
        .invalidArgument, "invalid datatype '\(datatype)' of input '\(name)'")
    }
    let contents: Contents
    if let location = SharedMemoryLocation(taking: &parameters) {
      contents = .sharedMemory(location)
    } else if let size = parameters.removeValue(forKey: InferParameterName.binaryDataSize) {
      guard let size = size.integer, size >= 0, size <= rest.count else {
        throw KServeError(
          .invalidArgument,
          "unexpected size for input '\(name)', its binary_data_size is beyond the request's body")
      }
      contents = .raw(body.slice(rest.lowerBound..<rest.lowerBound + size))
      rest = rest.lowerBound + size..<rest.upperBound
    } else if let data {
      let count = try type.elementCount(ofShape: shape, tensor: name)
      var values = whole.reader(of: data)
      contents = .raw(try values.elements(of: type, count: count, tensor: name))
    } else {
      contents = .raw(TensorBytes(copying: []))
    }
    self.init(
      name: name, datatype: type, shape: shape, parameters: parameters, contents: contents)
  }
}

extension TensorDatatype {
  func elementCount(ofShape shape: [Int], tensor: String) throws(KServeError) -> Int {
    _ = try byteCount(ofShape: shape, tensor: tensor)
    return Shape(shape).elementCount ?? 0
  }
}

extension JSONReader {
  /// An object of named parameters. One that is `null` is as good as none, and so is `null` for the
  /// object: servers and clients of KServe write it for what they leave out.
  ///
  /// - Parameter ofTensor: whether they are a tensor's, of which other kinds of values say nothing that
  ///   matters here; Triton passes over them.
  mutating func parameters(
    ofTensor: Bool = false
  ) throws(KServeError) -> [String: InferParameter] {
    var result: [String: InferParameter] = [:]
    if try null() { return result }
    try object { (reader, name) throws(KServeError) in
      switch try reader.value() {
      case .bool(let value): result[name] = .bool(value)
      case .integer(let value): result[name] = .int64(value)
      case .unsigned(let value): result[name] = .uint64(value)
      case .number(let value): result[name] = .double(value)
      case .string(let value): result[name] = .string(value)
      case .null: break
      case .array where ofTensor, .object where ofTensor: break
      case .array, .object:
        throw KServeError(
          .invalidArgument,
          "parameter '\(name)' has invalid type. It should be either 'int', 'bool', or 'string'.")
      }
    }
    return result
  }

  /// The elements of a tensor, in arrays nested as deep as the sender likes.
  mutating func elements(
    of type: TensorDatatype, count: Int, tensor: String
  ) throws(KServeError) -> TensorBytes {
    switch type {
    case .bool:
      try fixed(UInt8.self, count, tensor) { (reader) throws(KServeError) in
        try reader.boolean() ? 1 : 0
      }
    case .int8: try whole(Int8.self, count, tensor)
    case .int16: try whole(Int16.self, count, tensor)
    case .int32: try whole(Int32.self, count, tensor)
    case .int64: try whole(Int64.self, count, tensor)
    case .uint8: try whole(UInt8.self, count, tensor)
    case .uint16: try whole(UInt16.self, count, tensor)
    case .uint32: try whole(UInt32.self, count, tensor)
    case .uint64: try whole(UInt64.self, count, tensor)
    case .fp32:
      try fixed(Float.self, count, tensor) { (reader) throws(KServeError) in
        try reader.float()
      }
    case .fp64:
      try fixed(Double.self, count, tensor) { (reader) throws(KServeError) in
        try reader.number().double
      }
    case .fp16, .bf16:
      throw KServeError(
        .invalidArgument,
        "receiving \(type) data via JSON is not supported. Please use the binary data format for input "
          + tensor)
    case .bytes: try strings(count, tensor)
    }
  }

  private mutating func whole<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, _ count: Int, _ tensor: String
  ) throws(KServeError) -> TensorBytes {
    try fixed(type, count, tensor) { (reader) throws(KServeError) in
      guard let value = try reader.integer(type) else {
        throw reader.failure("an element of input '\(tensor)' is no \(type)")
      }
      return value
    }
  }

  private mutating func fixed<Value: BitwiseCopyable>(
    _ type: Value.Type, _ count: Int, _ tensor: String,
    _ read: (inout JSONReader) throws(KServeError) -> Value
  ) throws(KServeError) -> TensorBytes {
    let stride = MemoryLayout<Value>.stride
    // An element takes two bytes of JSON, so that a shape alone cannot make the server allocate.
    guard count <= remaining / 2 + 1 else { throw Self.mismatch(tensor, count) }
    let storage = TensorStorage(byteCount: count * stride)
    var index = 0
    try leaves { (reader) throws(KServeError) in
      guard index < count else { throw Self.mismatch(tensor, count) }
      storage.baseAddress.storeBytes(
        of: try read(&reader), toByteOffset: index * stride, as: type)
      index += 1
    }
    guard index == count else { throw Self.mismatch(tensor, count) }
    return TensorBytes(storage)
  }

  private mutating func strings(_ count: Int, _ tensor: String) throws(KServeError) -> TensorBytes {
    var bytes: [UInt8] = []
    var index = 0
    try leaves { (reader) throws(KServeError) in
      guard index < count else { throw Self.mismatch(tensor, count) }
      let start = bytes.count
      bytes.append(contentsOf: [0, 0, 0, 0])
      try reader.appendString(to: &bytes)
      let size = UInt32(clamping: bytes.count - start - 4)
      for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: size >> (8 * place)) }
      index += 1
    }
    guard index == count else { throw Self.mismatch(tensor, count) }
    return TensorBytes(copying: bytes)
  }

  private mutating func leaves(
    _ leaf: (inout JSONReader) throws(KServeError) -> Void
  ) throws(KServeError) {
    guard peek() == UInt8(ascii: "[") else { return try leaf(&self) }
    try array { (reader) throws(KServeError) in try reader.leaves(leaf) }
  }

  private static func mismatch(_ tensor: String, _ count: Int) -> KServeError {
    KServeError(
      .internal,
      "Unable to parse 'data': Shape does not match true shape of 'data' field of input '\(tensor)', "
        + "which needs \(count) elements")
  }
}
