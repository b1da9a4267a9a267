import ONNXRuntime

extension EncoderDecoder {
  /// The ONNX files of a folder, the pair of decoders if there is one, else the merged decoder.
  init(_ folder: ModelFolder, _ options: ONNXSessionOptions) throws {
    let task = "text2text-generation-with-past"
    let encoder = try folder.requiredModelFile(["encoder_model.onnx"], task: task)
    let withPast = folder.modelFile("decoder_with_past_model.onnx")
    let single = folder.modelFile("decoder_model.onnx")
    let merged = folder.modelFile("decoder_model_merged.onnx")
    let decoder: String
    if let single, withPast != nil || merged == nil {
      decoder = single
    } else {
      decoder = try folder.requiredModelFile(
        ["decoder_model_merged.onnx", "decoder_model.onnx"], task: task)
    }
    try self.init(
      encoder: ONNXSession(path: encoder, options: options),
      decoder: ONNXSession(path: decoder, options: options),
      decoderWithPast: decoder == merged
        ? nil : withPast.map { try ONNXSession(path: $0, options: options) },
      name: folder.path)
  }
}
