import FoundationEssentials
import ONNXRuntime

extension EncoderDecoder {
  /// The ONNX files of a folder, the pair of decoders if there is one, else the merged decoder.
  ///
  /// - Parameter chosen: one of the files; the others have the same ending, such as `_quantized`.
  init(_ folder: ModelFolder, chosen: String?, _ options: ONNXSessionOptions) throws {
    let task = "text2text-generation-with-past"
    let files = try chosen.map { try GenerationFiles(folder, chosen: $0) }
    let ending = files?.ending ?? ""
    func file(_ part: String) -> String? {
      let name = "\(part)\(ending).onnx"
      guard let files else { return folder.modelFile(name) }
      let file = "\(files.place)/\(name)"
      return FileManager.default.fileExists(atPath: file) ? file : nil
    }
    func required(_ parts: [String]) throws -> String {
      if let found = parts.lazy.compactMap(file).first { return found }
      guard let files else {
        return try folder.requiredModelFile(
          parts.map { "\($0).onnx" }, chosen: nil, task: task)
      }
      let names = parts.map { "\($0)\(ending).onnx" }.joined(separator: " or ")
      throw folder.failure(
        .missingFile, "beside \(files.chosen) there is no \(names), which goes with it")
    }
    let encoder = try required(["encoder_model"])
    let withPast = file("decoder_with_past_model")
    let single = file("decoder_model")
    let merged = file("decoder_model_merged")
    let decoder: String
    if let single, withPast != nil || merged == nil {
      decoder = single
    } else {
      decoder = try required(["decoder_model_merged", "decoder_model"])
    }
    try self.init(
      encoder: folder.network(encoder, options),
      decoder: folder.network(decoder, options),
      decoderWithPast: decoder == merged
        ? nil : withPast.map { try folder.network($0, options) },
      name: folder.name)
  }
}

/// Where the files of a generator are, told from one of them.
private struct GenerationFiles {
  /// The folder that they are in.
  var place: String
  /// What their names have after `encoder_model`, such as `_quantized`.
  var ending: String
  /// The name that was given.
  var chosen: String

  init(_ folder: ModelFolder, chosen: String) throws {
    self.chosen = chosen
    let url = URL(filePath: try folder.chosenFile(chosen))
    place = url.deletingLastPathComponent().path
    let name = url.lastPathComponent
    let parts = [
      "encoder_model", "decoder_model_merged", "decoder_with_past_model", "decoder_model",
    ]
    guard let part = parts.first(where: name.hasPrefix), name.hasSuffix(".onnx") else {
      throw folder.failure(
        .invalidOption,
        "the option file is \(chosen), expected the encoder or a decoder, such as "
          + "onnx/encoder_model_quantized.onnx")
    }
    ending = String(name.dropFirst(part.count).dropLast(".onnx".count))
  }
}
