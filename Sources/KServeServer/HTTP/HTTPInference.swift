import KServeProtocol
import Models
import NIOCore
import Tensors

/// Inference requests and responses as HTTP carries them.
enum HTTPInference {
  /// Reads a request.
  ///
  /// - Parameters:
  ///   - headerLength: the bytes of JSON before the binary tensors; `nil` if there is JSON only, 0 if
  ///     the body is the one tensor that the model takes.
  ///   - registry: knows the model, for a body without JSON.
  static func request(
    model: String, version: String, body: TensorBytes, headerLength: Int?, registry: ModelRegistry
  ) throws(KServeError) -> InferRequest {
    guard headerLength == 0 else {
      return try InferRequest(
        httpBody: body, headerLength: headerLength, modelName: model, modelVersion: version)
    }
    let served = try registry.ready(model, version: version)
    return InferRequest(
      modelName: model, modelVersion: version,
      parameters: [InferParameterName.binaryDataOutput: true],
      inputs: [try served.onlyInput(of: body)])
  }

  /// Writes the response to `request`, outputs in JSON or behind it as it asked for.
  static func response(
    _ response: InferResponse, to request: InferRequest
  ) throws(KServeError) -> HTTPResponse {
    let all = request.parameters[InferParameterName.binaryDataOutput]?.boolean ?? false
    let (json, tensors) = try response.httpBody { name in
      request.outputs.first { $0.name == name }?.parameters[InferParameterName.binaryData]?.boolean
        ?? all
    }
    // Nothing follows the JSON either if none of the tensors has an element.
    if tensors.allSatisfy({ $0.byteCount == 0 }) {
      return HTTPResponse(
        headers: [("Content-Type", "application/json")], body: [ByteBuffer(bytes: json)])
    }
    // One buffer for what is small: a system call for each part would cost more than the copy.
    var buffer = ByteBuffer()
    buffer.reserveCapacity(json.count + tensors.reduce(0) { $0 + $1.byteCount })
    buffer.writeBytes(json)
    for tensor in tensors {
      tensor.withUnsafeBytes { _ = buffer.writeBytes($0) }
    }
    return HTTPResponse(
      headers: [
        ("Content-Type", "application/octet-stream"),
        ("Inference-Header-Content-Length", String(json.count)),
      ], body: [buffer])
  }
}

extension ServedModel {
  /// The tensor that a body without JSON is: the model's only input, with one row, and at most one
  /// further dimension that follows from the body's size.
  fileprivate func onlyInput(of body: TensorBytes) throws(KServeError) -> InferTensor {
    guard inputs.count == 1 else {
      throw KServeError(
        .invalidArgument,
        "Raw request must only have 1 input (found 1) to be deduced but got "
          + "\(inputs.count) inputs in '\(name)' model configuration")
    }
    let input = inputs[0]
    let datatype = TensorDatatype(input.elementType)
    var shape = input.shape.dimensions
    if isBatching { shape[0] = 1 }
    guard let width = datatype.byteWidth else {
      guard shape.allSatisfy({ $0 == 1 || $0 < 0 }) else {
        throw KServeError(
          .invalidArgument,
          "For BYTE datatype raw input '\(input.name)', the model must have input shape [1]")
      }
      let text = body.withUnsafeBytes { Array($0) }
      let length = UInt32(clamping: text.count)
      let prefix = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
      return InferTensor(
        name: input.name, datatype: datatype, shape: shape.map { _ in 1 },
        contents: .raw(TensorBytes(copying: prefix + text)))
    }
    let open = shape.indices.filter { shape[$0] < 0 }
    if open.count == 1 {
      let known = shape.reduce(width) { $1 < 0 ? $0 : $0 &* $1 }
      if known > 0, body.byteCount.isMultiple(of: known) { shape[open[0]] = body.byteCount / known }
    }
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw KServeError(
        .invalidArgument,
        "The shape of Raw input '\(input.name)' can not be deduced because there are more than one "
          + "variable-sized dimension")
    }
    return InferTensor(
      name: input.name, datatype: datatype, shape: shape, contents: .raw(body))
  }
}
