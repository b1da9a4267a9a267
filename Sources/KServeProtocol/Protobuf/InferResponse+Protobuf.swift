package import GRPCCore
internal import SwiftProtobuf

extension InferResponse {
  /// Reads a `ModelInferResponse`; each tensor's bytes are copied once, to aligned memory.
  ///
  /// - Throws: ``KServeError`` if the message is damaged or does not fit itself.
  package init(protobuf bytes: UnsafeRawBufferPointer) throws(KServeError) {
    try self.init(protobuf: bytes, in: 0..<bytes.count)
  }

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
    let message = try parts.message(Inference_ModelInferResponse.self)
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

  /// The response as a `ModelInferResponse` with raw contents.
  package func protobuf<Bytes: GRPCContiguousBytes>() throws(KServeError) -> Bytes {
    InferMessage.serialized(try header(), rawField: 6, entries)
  }

  /// The response as a `ModelInferResponse` with raw contents, not copied yet.
  package func serialized() throws(KServeError) -> SerializedInferMessage {
    SerializedInferMessage(header: try header(), rawField: 6, tensors: entries)
  }

  /// The tensors with raw contents, one for each output: clients count them, so that one in shared
  /// memory has an empty one.
  fileprivate var entries: [InferTensor] {
    if outputs.allSatisfy({ $0.bytes != nil }) { return outputs }
    return outputs.map { output in
      var entry = output
      if output.bytes == nil { entry.contents = .raw(TensorBytes(copying: [])) }
      return entry
    }
  }

  fileprivate func header() throws(KServeError) -> [UInt8] {
    try InferMessage.header(
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
      })
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

  /// The element as a `ModelStreamInferResponse`.
  package func protobuf<Bytes: GRPCContiguousBytes>() throws(KServeError) -> Bytes {
    let header = try response?.header()
    let entries = response?.entries ?? []
    let inner = header.map { InferMessage.serializedSize($0, entries) }
    let text = errorMessage.map { [UInt8]($0.utf8) }
    let size =
      (text.map { ProtobufWriter.size(ofField: $0.count) } ?? 0)
      + (inner.map(ProtobufWriter.size(ofField:)) ?? 0)
    var bytes = Bytes(repeating: 0, count: size)
    bytes.withUnsafeMutableBytes { destination in
      var writer = ProtobufWriter(destination)
      if let text {
        writer.begin(field: 1, count: text.count)
        writer.append(text)
      }
      if let header, let inner {
        writer.begin(field: 2, count: inner)
        InferMessage.write(header, rawField: 6, entries, to: &writer)
      }
    }
    return bytes
  }
}
