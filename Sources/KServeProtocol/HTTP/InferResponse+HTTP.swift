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
    try writer.object { (writer) throws(KServeError) in
      if !id.isEmpty { writer.member("id", .string(id)) }
      writer.member("model_name", .string(modelName))
      writer.member("model_version", .string(modelVersion))
      writer.parameters(parameters)
      writer.key("outputs")
      try writer.array(outputs) { (writer, output) throws(KServeError) in
        // An output in shared memory is not in the response, and where it is the client knows.
        try writer.tensor(
          output, output.parameters, isBinary: isBinary(output.name), as: .response,
          tensors: &tensors)
      }
    }
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
