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
      writer.byte(UInt8(ascii: ","))
      writer.key("data")
      try writer.elements(of: input.tensor(), name: input.name, as: .request)
    }
  }

  /// The JSON; `contents` writes what follows the shape of an input.
  private func body<Failure: Error>(
    isBinary: Bool, _ contents: (inout JSONWriter, InferTensor) throws(Failure) -> Void
  ) throws(Failure) -> [UInt8] {
    var writer = JSONWriter()
    writer.byte(UInt8(ascii: "{"))
    if !id.isEmpty {
      writer.key("id")
      writer.write(id)
      writer.byte(UInt8(ascii: ","))
    }
    var parameters = parameters
    if outputs.isEmpty, isBinary { parameters[InferParameterName.binaryDataOutput] = true }
    if !parameters.isEmpty {
      writer.key("parameters")
      writer.write(.object(parameters.json))
      writer.byte(UInt8(ascii: ","))
    }
    writer.key("inputs")
    writer.byte(UInt8(ascii: "["))
    for (index, input) in inputs.enumerated() {
      if index > 0 { writer.byte(UInt8(ascii: ",")) }
      writer.byte(UInt8(ascii: "{"))
      writer.key("name")
      writer.write(input.name)
      writer.byte(UInt8(ascii: ","))
      writer.key("datatype")
      writer.write(input.datatype.rawValue)
      writer.byte(UInt8(ascii: ","))
      writer.key("shape")
      writer.array(input.shape) { writer, dimension in writer.raw(String(dimension)) }
      try contents(&writer, input)
      writer.byte(UInt8(ascii: "}"))
    }
    writer.byte(UInt8(ascii: "]"))
    if !outputs.isEmpty {
      writer.byte(UInt8(ascii: ","))
      writer.key("outputs")
      writer.array(outputs) { writer, output in writer.requested(output, isBinary: isBinary) }
    }
    writer.byte(UInt8(ascii: "}"))
    return writer.bytes
  }
}

extension JSONWriter {
  fileprivate mutating func parameters(_ parameters: [String: InferParameter]) {
    if parameters.isEmpty { return }
    byte(UInt8(ascii: ","))
    key("parameters")
    write(.object(parameters.json))
  }

  fileprivate mutating func requested(_ output: InferRequest.RequestedOutput, isBinary: Bool) {
    byte(UInt8(ascii: "{"))
    key("name")
    write(output.name)
    var parameters = output.parameters
    if let location = output.sharedMemory {
      parameters.merge(location.parameters) { $1 }
    } else if isBinary, parameters[InferParameterName.binaryData] == nil {
      parameters[InferParameterName.binaryData] = true
    }
    self.parameters(parameters)
    byte(UInt8(ascii: "}"))
  }
}
