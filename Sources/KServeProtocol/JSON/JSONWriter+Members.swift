import JSONText

extension JSONWriter {
  /// A tensor: what it is, and its elements; of a binary one the size, as its bytes follow the JSON,
  /// the last of `tensors`.
  mutating func tensor(
    _ tensor: InferTensor, _ parameters: [String: InferParameter], isBinary: Bool,
    as kind: HTTPMessageKind, tensors: inout [TensorBytes]
  ) throws(KServeError) {
    try object { (writer) throws(KServeError) in
      writer.member("name", .string(tensor.name))
      writer.member("datatype", .string(tensor.datatype.rawValue))
      writer.key("shape")
      writer.array(tensor.shape) { writer, dimension in writer.raw(String(dimension)) }
      var parameters = parameters
      if isBinary, let bytes = tensor.bytes {
        parameters[InferParameterName.binaryDataSize] = .int64(Int64(bytes.byteCount))
        tensors.append(bytes)
      }
      writer.parameters(parameters)
      guard !isBinary, tensor.bytes != nil else { return }
      writer.key("data")
      try writer.elements(of: tensor.tensor(), name: tensor.name, as: kind)
    }
  }

  /// The member `parameters`, in the order of their names; none if there are no parameters.
  mutating func parameters(_ parameters: [String: InferParameter]) {
    if parameters.isEmpty { return }
    let members = parameters.sorted { $0.key < $1.key }.map { name, value -> (String, JSONValue) in
      switch value {
      case .bool(let value): (name, .bool(value))
      case .int64(let value): (name, .integer(value))
      case .uint64(let value): (name, .unsigned(value))
      case .double(let value): (name, .number(value))
      case .string(let value): (name, .string(value))
      }
    }
    member("parameters", .object(members))
  }
}
