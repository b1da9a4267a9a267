import JSONText

extension JSONWriter {
  /// The members of a tensor that say what it is: name, element type and shape.
  mutating func declaration(of tensor: InferTensor) {
    member("name", .string(tensor.name))
    member("datatype", .string(tensor.datatype.rawValue))
    key("shape")
    array(tensor.shape) { writer, dimension in writer.raw(String(dimension)) }
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
