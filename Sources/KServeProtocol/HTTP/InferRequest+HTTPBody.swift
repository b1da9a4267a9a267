import JSONText

extension InferRequest {
  /// The request as HTTP sends it with the binary tensor extension: JSON, and the bytes of all
  /// tensors, which follow it.
  package func httpBody() -> (json: [UInt8], tensors: [TensorBytes]) {
    var tensors: [TensorBytes] = []
    let json = body(isBinary: true) { (writer, input) in
      var parameters = input.allParameters
      if let bytes = input.bytes {
        parameters[InferParameterName.binaryDataSize] = .int64(Int64(bytes.byteCount))
        tensors.append(bytes)
      }
      writer.parameters(parameters)
    }
    return (json, tensors)
  }

  /// The request as the protocol's core has it: JSON only, the elements of tensors in row-major order.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/invalidArgument`` for strings that are no
  ///   text, which JSON cannot carry.
  package func jsonBody() throws(KServeError) -> [UInt8] {
    try body(isBinary: false) { (writer, input) throws(KServeError) in
      writer.parameters(input.allParameters)
      guard input.bytes != nil else { return }
      writer.key("data")
      try writer.elements(of: input.tensor(), name: input.name, as: .request)
    }
  }

  /// The JSON; `contents` writes what follows the shape of an input.
  private func body<Failure: Error>(
    isBinary: Bool, _ contents: (inout JSONWriter, InferTensor) throws(Failure) -> Void
  ) throws(Failure) -> [UInt8] {
    var parameters = parameters
    if outputs.isEmpty, isBinary { parameters[InferParameterName.binaryDataOutput] = true }
    var writer = JSONWriter()
    try writer.object { (writer) throws(Failure) in
      if !id.isEmpty { writer.member("id", .string(id)) }
      writer.parameters(parameters)
      writer.key("inputs")
      try writer.array(inputs) { (writer, input) throws(Failure) in
        try writer.object { (writer) throws(Failure) in
          writer.declaration(of: input)
          try contents(&writer, input)
        }
      }
      if outputs.isEmpty { return }
      writer.key("outputs")
      writer.array(outputs) { writer, output in writer.requested(output, isBinary: isBinary) }
    }
    return writer.bytes
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
