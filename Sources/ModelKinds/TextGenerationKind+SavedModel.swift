#if Text
import Models
#if TensorFlow
import TensorFlowRuntime
#endif
import TextPipelines

extension TextGenerationKind {
  /// Encoder and decoder in the signatures `encode`, `decode_first` and `decode_next` of
  /// `saved_model/`, if the folder has it.
  ///
  /// - Throws: ``NeedletailError`` if the folder has it, and this program was built without SavedModels.
  func decoder(of model: PlacedModel<Options>) throws -> (any SequenceModel)? {
    guard let name = try otherNetwork(of: model) else { return nil }
    #if TensorFlow
    let encoder = try SavedModelKind.open(
      "\(model.path)/\(name)", name: "\(model.name)/\(name)", signature: "encode",
      threads: model.options.text.threads)
    return try EncoderDecoder(
      encoder: encoder, decoder: encoder.withSignature("decode_first"),
      decoderWithPast: encoder.withSignature("decode_next"), name: model.name)
    #else
    throw SavedModelKind().refusal(of: "\(model.name)/\(name)")
    #endif
  }
}
#endif
