import JSONText

extension InferRequest {
  /// The request as HTTP sends it with the binary tensor extension: JSON, and the bytes of all
  /// tensors, which follow it. Or as the protocol's core has it: JSON only, the elements of tensors in
  /// row-major order.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` for strings that are no
  ///   text, which JSON cannot carry.
  package func httpBody(
    isBinary: Bool = true
  ) throws(KServeError) -> (json: [UInt8], tensors: [TensorBytes]) {
    var parameters = parameters
    if outputs.isEmpty, isBinary { parameters[InferParameterName.binaryDataOutput] = true }
    var writer = JSONWriter()
    var tensors: [TensorBytes] = []
    try writer.object { (writer) throws(KServeError) in
      if !id.isEmpty { writer.member("id", .string(id)) }
      writer.parameters(parameters)
      writer.key("inputs")
      try writer.array(inputs) { (writer, input) throws(KServeError) in
        try writer.tensor(
          input, input.allParameters, isBinary: isBinary, as: .request, tensors: &tensors)
      }
      if outputs.isEmpty { return }
      writer.key("outputs")
      writer.array(outputs) { writer, output in writer.requested(output, isBinary: isBinary) }
    }
    return (writer.bytes, tensors)
  }
}

extension JSONWriter {
  fileprivate mutating func requested(_ output: InferRequest.RequestedOutput, isBinary: Bool) {
    var parameters = output.parameters
    if let location = output.sharedMemory {
      parameters.merge(location.parameters) { $1 }
    } else if isBinary, parameters[InferParameterName.binaryData] == nil {
      parameters[InferParameterName.binaryData] = true
    }
    object { writer in
      writer.member("name", .string(output.name))
      writer.parameters(parameters)
    }
  }
}
