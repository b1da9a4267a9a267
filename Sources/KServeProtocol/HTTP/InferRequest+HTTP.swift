import JSONText
import Tensors

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
        if try reader.takeNull() { break }
        guard reader.peek() == UInt8(ascii: "\"") else {
          throw reader.failure("Unable to parse 'id': attempt to access JSON non-string as string")
        }
        id = try reader.string()
      case "parameters": parameters = try reader.parameters(.known)
      case "inputs":
        hasInputs = true
        try reader.array { (reader) throws(KServeError) in
          inputs.append(try InferTensor(http: &reader, body: body, rest: &rest))
        }
      case "outputs":
        if try reader.takeNull() { break }
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
      case "parameters": parameters = try reader.parameters(.any)
      default: try reader.skip()
      }
    }
    if !hasName { throw KServeError(.invalidArgument, "a requested output has no name") }
    sharedMemory = SharedMemoryLocation(taking: &parameters)
  }
}
