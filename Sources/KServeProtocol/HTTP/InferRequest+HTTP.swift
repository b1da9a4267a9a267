internal import Tensors

extension InferRequest {
  /// Reads the body of an HTTP request: JSON, behind it the bytes of tensors in the order of the
  /// inputs. Those are viewed in place.
  ///
  /// - Parameter headerLength: the bytes of JSON (`Inference-Header-Content-Length`), `nil` if the
  ///   body is JSON only.
  /// - Throws: ``KServeError`` if the body is damaged or does not fit itself.
  package init(
    httpBody body: TensorBytes, headerLength: Int?, modelName: String, modelVersion: String
  ) throws(KServeError) {
    let length = headerLength ?? body.byteCount
    guard length >= 0, length <= body.byteCount else {
      throw KServeError(
        .invalidArgument,
        "inference header size should be in range (0, \(body.byteCount)), got: \(length)")
    }
    self.init(modelName: modelName, modelVersion: modelVersion, inputs: [])
    var rest = length..<body.byteCount
    let header = UnsafeRawBufferPointer(
      start: body.storage.baseAddress + body.byteOffset, count: length)
    defer { withExtendedLifetime(body.storage) {} }
    var reader = JSONReader(header)
    var hasInputs = false
    try reader.object { (reader, name) throws(KServeError) in
      switch name {
      case "id":
        if try reader.null() { break }
        guard reader.peek() == UInt8(ascii: "\"") else {
          throw reader.failure("Unable to parse 'id': attempt to access JSON non-string as string")
        }
        id = try reader.string()
      case "parameters": parameters = try reader.parameters()
      case "inputs":
        hasInputs = true
        try reader.array { (reader) throws(KServeError) in
          inputs.append(try InferTensor(http: &reader, body: body, rest: &rest))
        }
      case "outputs":
        if try reader.null() { break }
        try reader.array { (reader) throws(KServeError) in
          outputs.append(try RequestedOutput(http: &reader))
        }
      default: try reader.skip()
      }
    }
    try reader.end()
    guard hasInputs else {
      throw KServeError(
        .internal,
        "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'")
    }
    guard rest.isEmpty else {
      throw KServeError(
        .invalidArgument,
        "unexpected additional input data for model '\(modelName)': \(rest.count) bytes follow the "
          + "inputs")
    }
  }
}

extension InferRequest.RequestedOutput {
  fileprivate init(http reader: inout JSONReader) throws(KServeError) {
    self.init(name: "")
    var hasName = false
    try reader.object { (reader, member) throws(KServeError) in
      switch member {
      case "name":
        name = try reader.string()
        hasName = true
      case "parameters": parameters = try reader.parameters(ofTensor: true)
      default: try reader.skip()
      }
    }
    if !hasName { throw KServeError(.invalidArgument, "a requested output has no name") }
    sharedMemory = SharedMemoryLocation(taking: &parameters)
  }
}

extension InferRequest {
  /// The request as HTTP sends it, all tensors in binary: JSON, and the bytes that follow it.
  package func httpBody() -> (json: [UInt8], tensors: [TensorBytes]) {
    var writer = JSONWriter()
    var tensors: [TensorBytes] = []
    writer.byte(UInt8(ascii: "{"))
    if !id.isEmpty {
      writer.key("id")
      writer.write(id)
      writer.byte(UInt8(ascii: ","))
    }
    var parameters = parameters
    if outputs.isEmpty { parameters[InferParameterName.binaryDataOutput] = true }
    if !parameters.isEmpty {
      writer.key("parameters")
      writer.write(.object(parameters.json))
      writer.byte(UInt8(ascii: ","))
    }
    writer.key("inputs")
    writer.array(inputs) { writer, input in writer.input(input, tensors: &tensors) }
    if !outputs.isEmpty {
      writer.byte(UInt8(ascii: ","))
      writer.key("outputs")
      writer.array(outputs) { writer, output in writer.requestedOutput(output) }
    }
    writer.byte(UInt8(ascii: "}"))
    return (writer.bytes, tensors)
  }
}

extension JSONWriter {
  fileprivate mutating func input(_ input: InferTensor, tensors: inout [TensorBytes]) {
    byte(UInt8(ascii: "{"))
    key("name")
    write(input.name)
    byte(UInt8(ascii: ","))
    key("datatype")
    write(input.datatype.rawValue)
    byte(UInt8(ascii: ","))
    key("shape")
    array(input.shape) { writer, dimension in writer.raw(String(dimension)) }
    var parameters = input.allParameters
    if let bytes = input.bytes {
      parameters[InferParameterName.binaryDataSize] = .int64(Int64(bytes.byteCount))
      tensors.append(bytes)
    }
    byte(UInt8(ascii: ","))
    key("parameters")
    write(.object(parameters.json))
    byte(UInt8(ascii: "}"))
  }

  fileprivate mutating func requestedOutput(_ output: InferRequest.RequestedOutput) {
    byte(UInt8(ascii: "{"))
    key("name")
    write(output.name)
    byte(UInt8(ascii: ","))
    key("parameters")
    var parameters = output.parameters
    if let location = output.sharedMemory {
      parameters.merge(location.parameters) { $1 }
    } else if parameters[InferParameterName.binaryData] == nil {
      parameters[InferParameterName.binaryData] = true
    }
    write(.object(parameters.json))
    byte(UInt8(ascii: "}"))
  }
}
