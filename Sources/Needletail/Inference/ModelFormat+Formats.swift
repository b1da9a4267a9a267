import Foundation

extension ModelFormat {
  /// A package of compiled code made by PyTorch's AOTInductor (`.pt2`).
  public static let torch = ModelFormat(rawValue: "torch")
  /// A folder with a SavedModel of TensorFlow's.
  public static let savedModel = ModelFormat(rawValue: "saved-model")
  /// A folder of HuggingFace's with a text classifier.
  public static let textClassification = ModelFormat(rawValue: "text-classification")
  /// A folder of HuggingFace's or sentence-transformers' with an encoder of sentences.
  public static let sentenceEmbeddings = ModelFormat(rawValue: "sentence-embeddings")
  /// A folder of HuggingFace's with an encoder and decoder of text, such as T5.
  public static let textGeneration = ModelFormat(rawValue: "text-generation")
  /// A model on a server that speaks KServe v2.
  public static let kserve = ModelFormat(rawValue: "kserve")

  /// The number of rows in a batch, if nobody says another.
  var batchSize: Int {
    // A call of a server costs about a millisecond, however many rows there are.
    if [.kserve, .nodeServer].contains(self) { return 1024 }
    let pipelines: [ModelFormat] = [.textClassification, .sentenceEmbeddings, .textGeneration]
    return pipelines.contains(self) ? 256 : 64
  }

  /// The options that the format's loader knows.
  var optionNames: [String] {
    let text = ["maxTokens", "batchTokens", "threads"]
    switch self {
    case .savedModel: return ["signature", "threads"]
    case .textClassification: return ["topK"] + text
    case .sentenceEmbeddings: return ["pooling", "normalized"] + text
    case .textGeneration: return ["prefix", "task", "maxLength", "beams", "generation"] + text
    case .kserve: return ["version", "token", "timeout", "sharedMemory"]
    case .nodeServer: return []
    default: return ["threads"]
    }
  }

  /// How models of each format are loaded, on the driver as on an executor.
  static let loaders: [ModelFormat: ModelLoader] = [
    .onnx: { reference, path, _ in
      let options = reference.options
      var session = ONNXSessionOptions()
      if let threads = try number("threads", options) { session.intraOpThreads = threads }
      return try ONNXSession(path: path, options: session)
    },
    .kserve: { reference, address, _ in
      try await KServeModel.load(address, reference.options)
    },
    .nodeServer: loadNodeServer,
    .torch: { reference, path, _ in try torch(path, reference.options) },
    .savedModel: { reference, path, _ in
      try savedModel(path, signature: reference.options["signature"], reference.options)
    },
    .textClassification: { reference, path, _ in
      let options = reference.options
      return try TextClassifier(
        path: path, model: try network(path, options), topK: try number("topK", options),
        options: try textOptions(options))
    },
    .sentenceEmbeddings: { reference, path, _ in
      let options = reference.options
      return try SentenceEmbedder(
        path: path, model: try network(path, options),
        pooling: try choice("pooling", options, of: SentencePooling.allCases),
        isNormalized: try choice("normalized", options, of: Truth.allCases)?.value,
        options: try textOptions(options))
    },
    .textGeneration: { reference, path, _ in
      let options = reference.options
      return try SequenceGenerator(
        path: path, model: try decoder(path, options), task: options["task"],
        prefix: options["prefix"],
        generation: try generation(options),
        options: try textOptions(options))
    },
  ]

  /// The network of a text folder that has no ONNX file: `saved_model/` or `model.pt2` in it.
  private static func network(_ path: String, _ options: [String: String]) throws -> (any Model)? {
    let files = FileManager.default
    for onnx in ["model.onnx", "onnx/model.onnx"] where files.fileExists(atPath: "\(path)/\(onnx)")
    {
      return nil
    }
    if files.fileExists(atPath: path + "/saved_model") {
      return try savedModel(path + "/saved_model", signature: nil, options)
    }
    if files.fileExists(atPath: path + "/model.pt2") {
      return try torch(path + "/model.pt2", options)
    }
    return nil
  }

  /// Encoder and decoder in the signatures `encode`, `decode_first` and `decode_next` of
  /// `saved_model/`, if the folder has it.
  private static func decoder(
    _ path: String, _ options: [String: String]
  ) throws -> (any SequenceModel)? {
    guard FileManager.default.fileExists(atPath: path + "/saved_model/saved_model.pb") else {
      return nil
    }
    let encoder = try savedModel(path + "/saved_model", signature: "encode", options)
    return try EncoderDecoder(
      encoder: encoder, decoder: encoder.withSignature("decode_first"),
      decoderWithPast: encoder.withSignature("decode_next"), name: path)
  }

  private static func torch(_ path: String, _ options: [String: String]) throws -> TorchModel {
    var model = TorchModelOptions()
    if let threads = try number("threads", options) { model.threads = threads }
    return try TorchModel(path: path, options: model)
  }

  private static func savedModel(
    _ path: String, signature: String?, _ options: [String: String]
  ) throws -> SavedModel {
    var model = SavedModelOptions()
    if let threads = try number("threads", options) { model.intraOpThreads = threads }
    return try SavedModel(path: path, signature: signature, options: model)
  }

  private static func textOptions(_ options: [String: String]) throws -> TextPipelineOptions {
    var text = TextPipelineOptions(
      maxTokens: try number("maxTokens", options), threads: try number("threads", options) ?? 1)
    if let tokens = try number("batchTokens", options) { text.batchTokens = tokens }
    return text
  }

  private static func generation(_ options: [String: String]) throws -> GenerationOptions {
    var generation = GenerationOptions()
    if let text = options["generation"] {
      do {
        generation = try JSONDecoder().decode(GenerationOptions.self, from: Data(text.utf8))
      } catch {
        throw NeedletailError(
          .usage, "generation is '\(text)', it must be JSON such as {\"minLength\": 5}: \(error)")
      }
    }
    if let length = try number("maxLength", options) { generation.maxLength = length }
    if let beams = try number("beams", options) { generation.beams = beams }
    return generation
  }

  private enum Truth: String, CaseIterable {
    case `true`, `false`
    var value: Bool { self == .true }
  }

  private static func choice<Choice: RawRepresentable<String>>(
    _ name: String, _ options: [String: String], of choices: [Choice]
  ) throws -> Choice? {
    guard let text = options[name] else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let known = choices.map(\.rawValue).joined(separator: ", ")
      throw NeedletailError(.usage, "\(name) is '\(text)', it must be one of \(known)")
    }
    return choice
  }

  private static func number(_ name: String, _ options: [String: String]) throws -> Int? {
    guard let text = options[name] else { return nil }
    guard let number = Int(text), number > 0 else {
      throw NeedletailError(.usage, "\(name) is '\(text)', it must be a positive number")
    }
    return number
  }
}
