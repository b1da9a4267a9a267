import SwiftProtobuf

extension InferRequest {
  /// Reads a `ModelInferRequest`; tensors are viewed in `bytes` where they lie aligned, and else
  /// copied once.
  ///
  /// - Parameter room: is asked for the bytes that reading takes beside the raw tensors, before they
  ///   are taken; throws if the request is not to be read.
  /// - Throws: ``KServeError`` if the message is damaged or does not fit itself; what `room` throws.
  package init(
    protobuf bytes: TensorBytes,
    room: (_ byteCount: Int) throws(KServeError) -> Void = { _ in }
  ) throws(KServeError) {
    self = try bytes.withUnsafeBytes { (raw) throws(KServeError) in
      try Self(protobuf: raw, viewing: bytes, room: room)
    }
  }

  private init(
    protobuf bytes: UnsafeRawBufferPointer, viewing owner: TensorBytes,
    room: (_ byteCount: Int) throws(KServeError) -> Void
  ) throws(KServeError) {
    let parts = try InferMessage(bytes, rawField: 7, room: room)
    let message = try Inference_ModelInferRequest(parsing: parts.header)
    var raw = parts.tensors[...]
    self.init(
      modelName: message.modelName, modelVersion: message.modelVersion, id: message.id,
      parameters: [String: InferParameter](message.parameters), inputs: [])
    inputs.reserveCapacity(message.inputs.count)
    for input in message.inputs {
      if input.hasContents, !parts.tensors.isEmpty {
        throw KServeError(
          .invalidArgument,
          "contents field must not be specified when using raw_input_contents for "
            + "'\(input.name)' for model '\(modelName)'")
      }
      inputs.append(
        try InferMessage.tensor(
          input.name, input.datatype, input.shape, input.parameters,
          typed: input.hasContents ? input.contents : nil, raw: &raw, in: bytes,
          viewing: owner))
    }
    guard raw.isEmpty else {
      throw KServeError(
        .invalidArgument,
        "\(parts.tensors.count) raw contents were sent for model '\(modelName)', which is "
          + "\(raw.count) more than there are inputs that need them")
    }
    outputs = message.outputs.map { output in
      var parameters = [String: InferParameter](output.parameters)
      let location = SharedMemoryLocation(taking: &parameters)
      return RequestedOutput(name: output.name, parameters: parameters, sharedMemory: location)
    }
  }

  /// The request as a `ModelInferRequest` with raw contents.
  package func serialized() throws(KServeError) -> SerializedInferMessage {
    try SerializedInferMessage(
      Inference_ModelInferRequest.with {
        $0.modelName = modelName
        $0.modelVersion = modelVersion
        $0.id = id
        $0.parameters = parameters.messages
        $0.inputs = inputs.map { input in
          .with {
            $0.name = input.name
            $0.datatype = input.datatype.rawValue
            $0.shape = input.shape.map(Int64.init)
            $0.parameters = input.allParameters.messages
          }
        }
        $0.outputs = outputs.map { output in
          .with {
            $0.name = output.name
            $0.parameters =
              output.parameters.merging(output.sharedMemory?.parameters ?? [:]) { $1 }.messages
          }
        }
      }, rawField: 7, tensors: inputs.compactMap(\.bytes))
  }
}
