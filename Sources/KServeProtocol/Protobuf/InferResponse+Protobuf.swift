import SwiftProtobuf

extension InferResponse {
  /// Reads a `ModelInferResponse`; tensors are viewed in `bytes` where they lie aligned, and else
  /// copied once.
  ///
  /// - Throws: ``KServeError`` if the message is damaged or does not fit itself.
  package init(protobuf bytes: TensorBytes) throws(KServeError) {
    self = try bytes.withUnsafeBytes { (raw) throws(KServeError) in
      try Self(protobuf: raw, in: 0..<raw.count, viewing: bytes)
    }
  }

  init(
    protobuf bytes: UnsafeRawBufferPointer, in range: Range<Int>, viewing owner: TensorBytes? = nil
  ) throws(KServeError) {
    let parts = try InferMessage(bytes, in: range, rawField: 6)
    let message = try Inference_ModelInferResponse(parsing: parts.header)
    var raw = parts.tensors[...]
    self.init(
      modelName: message.modelName, modelVersion: message.modelVersion, id: message.id,
      parameters: [String: InferParameter](message.parameters))
    outputs.reserveCapacity(message.outputs.count)
    // Triton sends an empty entry for an output in shared memory, others send none.
    let hasEntryForEach = raw.count == message.outputs.count
    for output in message.outputs {
      if hasEntryForEach, output.parameters[InferParameterName.sharedMemoryRegion] != nil {
        raw.removeFirst()
      }
      outputs.append(
        try InferMessage.tensor(
          output.name, output.datatype, output.shape, output.parameters,
          typed: output.hasContents ? output.contents : nil, raw: &raw, in: bytes, viewing: owner))
    }
  }

  /// The response as a `ModelInferResponse` with raw contents, one for each output: clients count them,
  /// so that one in shared memory has an empty one.
  package func serialized() throws(KServeError) -> SerializedInferMessage {
    try SerializedInferMessage(
      Inference_ModelInferResponse.with {
        $0.modelName = modelName
        $0.modelVersion = modelVersion
        $0.id = id
        $0.parameters = parameters.messages
        $0.outputs = outputs.map { output in
          .with {
            $0.name = output.name
            $0.datatype = output.datatype.rawValue
            $0.shape = output.shape.map(Int64.init)
            $0.parameters = output.parameters.messages
          }
        }
      }, rawField: 6, tensors: outputs.map { $0.bytes ?? TensorBytes(copying: []) })
  }
}

extension InferStreamResponse {
  /// Reads a `ModelStreamInferResponse`.
  package init(protobuf bytes: UnsafeRawBufferPointer) throws(KServeError) {
    self.init()
    var fields = ProtobufFields(bytes)
    while let field = try fields.next() {
      guard let contents = field.contents else { continue }
      switch field.number {
      case 1 where !contents.isEmpty:
        errorMessage = String(decoding: bytes[contents], as: UTF8.self)
      case 2: response = try InferResponse(protobuf: bytes, in: contents)
      default: break
      }
    }
  }

  /// The element as a `ModelStreamInferResponse`, whose second field is the response with its raw
  /// contents at the end.
  package func serialized() throws(KServeError) -> SerializedInferMessage {
    let inner = try response?.serialized()
    var header: [UInt8] = []
    if let errorMessage {
      let text = Array(errorMessage.utf8)
      header += ProtobufWriter.head(ofField: 1, count: text.count) + text
    }
    guard let inner else {
      return SerializedInferMessage(header: header, rawField: 6, tensors: [])
    }
    header += ProtobufWriter.head(ofField: 2, count: inner.byteCount)
    return inner.behind(header)
  }
}

extension ProtobufWriter {
  /// What stands before the contents of a length-delimited field below number 16.
  fileprivate static func head(ofField number: UInt8, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size(ofField: count) - count)
    bytes.withUnsafeMutableBytes { room in
      var writer = ProtobufWriter(room)
      writer.begin(field: number, count: count)
    }
    return bytes
  }
}
