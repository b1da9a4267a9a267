import JSONText
import Tensors

extension InferResponse {
  /// The response as HTTP sends it: JSON, and the bytes of tensors that follow it.
  ///
  /// - Parameter isBinary: whether the output of that name follows the JSON, instead of being in it.
  /// - Throws: ``KServeError`` if an output cannot be written as JSON.
  package func httpBody(
    isBinary: (String) -> Bool
  ) throws(KServeError) -> (json: [UInt8], tensors: [TensorBytes]) {
    var writer = JSONWriter()
    var tensors: [TensorBytes] = []
    writer.byte(UInt8(ascii: "{"))
    if !id.isEmpty {
      writer.key("id")
      writer.write(id)
      writer.byte(UInt8(ascii: ","))
    }
    writer.key("model_name")
    writer.write(modelName)
    writer.byte(UInt8(ascii: ","))
    writer.key("model_version")
    writer.write(modelVersion)
    if !parameters.isEmpty {
      writer.byte(UInt8(ascii: ","))
      writer.key("parameters")
      writer.write(.object(parameters.json))
    }
    writer.byte(UInt8(ascii: ","))
    writer.key("outputs")
    try writer.array(outputs) { (writer, output) throws(KServeError) in
      try writer.output(output, isBinary: isBinary(output.name), tensors: &tensors)
    }
    writer.byte(UInt8(ascii: "}"))
    return (writer.bytes, tensors)
  }
}

extension InferResponse {
  /// Reads the body of an HTTP response: JSON, behind it the bytes of tensors in the order of the
  /// outputs. Those are viewed in place.
  ///
  /// - Parameter headerLength: the bytes of JSON (`Inference-Header-Content-Length`), `nil` if the
  ///   body is JSON only.
  /// - Throws: ``KServeError`` if the body is damaged or does not fit itself.
  package init(httpBody body: TensorBytes, headerLength: Int?) throws(KServeError) {
    let length = headerLength ?? body.byteCount
    guard length >= 0, length <= body.byteCount else {
      throw KServeError(
        .internal,
        "Inference-Header-Content-Length is \(length), but the response's body has "
          + "\(body.byteCount) bytes")
    }
    self.init(modelName: "")
    var rest = length..<body.byteCount
    defer { withExtendedLifetime(body.storage) {} }
    var reader = JSONReader(
      UnsafeRawBufferPointer(start: body.storage.baseAddress + body.byteOffset, count: length))
    try reader.object { (reader, name) throws(KServeError) in
      switch name {
      case "id": id = try reader.optionalString()
      case "model_name": modelName = try reader.optionalString()
      case "model_version": modelVersion = try reader.optionalString()
      case "parameters": parameters = try reader.parameters(.any)
      case "outputs":
        if try reader.takeNull() { break }
        try reader.array { (reader) throws(KServeError) in
          outputs.append(
            try InferTensor(http: &reader, body: body, rest: &rest, of: .response))
        }
      default: try reader.skip()
      }
    }
    try reader.end()
  }
}

extension [String: InferParameter] {
  var json: [(String, JSONValue)] {
    sorted { $0.key < $1.key }.map { name, value in
      switch value {
      case .bool(let value): (name, .bool(value))
      case .int64(let value): (name, .integer(value))
      case .uint64(let value): (name, .unsigned(value))
      case .double(let value): (name, .number(value))
      case .string(let value): (name, .string(value))
      }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func output(
    _ output: InferTensor, isBinary: Bool, tensors: inout [TensorBytes]
  ) throws(KServeError) {
    byte(UInt8(ascii: "{"))
    key("name")
    write(output.name)
    byte(UInt8(ascii: ","))
    key("datatype")
    write(output.datatype.rawValue)
    byte(UInt8(ascii: ","))
    key("shape")
    array(output.shape) { writer, dimension in writer.raw(String(dimension)) }
    // An output in shared memory is not in the response, and where it is the client knows.
    var parameters = output.parameters
    var isWritten = false
    if let bytes = output.bytes {
      if isBinary {
        parameters[InferParameterName.binaryDataSize] = .int64(Int64(bytes.byteCount))
        tensors.append(bytes)
      } else {
        isWritten = true
      }
    }
    if !parameters.isEmpty {
      byte(UInt8(ascii: ","))
      key("parameters")
      write(.object(parameters.json))
    }
    if isWritten {
      byte(UInt8(ascii: ","))
      key("data")
      try elements(of: output.tensor(), name: output.name, as: .response)
    }
    byte(UInt8(ascii: "}"))
  }
}
