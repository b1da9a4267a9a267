import Foundation
import HostProcesses
import KServeClient
import Models
import ONNXRuntime
import SparkFunctions
import TensorFlowRuntime
import TextPipelines
import TorchRuntime

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
  /// A folder of HuggingFace's whose files do not tell the pipeline: the option `pipeline` has to.
  public static let textFolder = ModelFormat(rawValue: "text-folder")
  /// A model on a server that speaks KServe v2.
  public static let kserve = ModelFormat(rawValue: "kserve")

  /// A model of the servers beside the executors.
  package static let nodeServer = ModelFormat(rawValue: "node-server")

  /// The option that names libraries with operators which a runtime does not have itself, separated by
  /// commas.
  static let customOps = "customOps"

  /// The paths in the value of an option that names files.
  static func paths(of option: String?) -> [String] {
    (option ?? "").split(separator: ",").map(String.init)
  }

  /// The number of rows in a batch, if nobody says another.
  package var batchSize: Int {
    // A call of a server costs about a millisecond, however many rows there are.
    if [.kserve, .nodeServer].contains(self) { return 1024 }
    return ModelFormat.pipelines.contains(self) ? 256 : 64
  }

  /// The formats that are pipelines of text.
  static let pipelines: [ModelFormat] = [
    .textClassification, .sentenceEmbeddings, .textGeneration,
  ]

  /// The options that the format's loader knows.
  var optionNames: [String] {
    let text = ["pipeline", "file", "maxTokens", "batchTokens", "threads", "provider"]
    switch self {
    case .onnx: return ["threads", "provider", Self.customOps]
    case .savedModel: return ["signature", "threads", Self.customOps]
    case .textClassification: return ["topK"] + text
    case .sentenceEmbeddings: return ["pooling", "normalized"] + text
    case .textGeneration: return ["prefix", "task", "maxLength", "beams", "generation"] + text
    case .textFolder:
      let options = ModelFormat.pipelines.flatMap(\.optionNames)
      return options.enumerated().filter { options.firstIndex(of: $1) == $0 }.map(\.element)
    case .kserve:
      return [
        "version", "token", "timeout", "sharedMemory", "maxMessageBytes", "certificateAuthority",
        "encoding", ModelSource.headerOption + "NAME",
      ]
    case .nodeServer: return []
    case .torch: return ["threads", Self.customOps]
    default: return ["threads"]
    }
  }

  /// How models of each format are loaded, on the driver as on an executor.
  package static let loaders: [ModelFormat: ModelLoader] = [
    .onnx: { reference, path, worker in
      var session = ONNXSessionOptions(providers: try reference.providers(path, worker))
      if let threads = try number("threads", reference.options) { session.intraOpThreads = threads }
      session.operatorLibraries = reference.libraries(worker)
      return try ONNXSession(path: path, name: reference.name, options: session)
    },
    .kserve: { reference, address, _ in
      try await KServeModel.load(address, reference.options)
    },
    .torch: { reference, path, worker in try torch(path, reference.name, reference, worker) },
    .savedModel: { reference, path, worker in
      try savedModel(
        path, reference.name, signature: reference.options["signature"], reference.options,
        libraries: reference.libraries(worker))
    },
    .textFolder: { _, path, _ in throw NeedletailError(.usage, try ModelSource.noPipeline(path)) },
    .textClassification: { reference, path, worker in
      let options = reference.options
      return try TextClassifier(
        path: path, name: reference.name, model: try network(path, reference, worker),
        topK: try number("topK", options),
        options: try textOptions(path, reference, worker))
    },
    .sentenceEmbeddings: { reference, path, worker in
      let options = reference.options
      return try SentenceEmbedder(
        path: path, name: reference.name, model: try network(path, reference, worker),
        pooling: try choice("pooling", options, of: SentencePooling.allCases),
        isNormalized: try choice("normalized", options, of: Truth.allCases)?.value,
        options: try textOptions(path, reference, worker))
    },
    .textGeneration: { reference, path, worker in
      let options = reference.options
      return try SequenceGenerator(
        path: path, name: reference.name, model: try decoder(path, reference),
        task: options["task"],
        prefix: options["prefix"],
        generation: try generation(options),
        options: try textOptions(path, reference, worker))
    },
  ]

  /// The network of a text folder that is not in ONNX, by its name there: `saved_model` or `model.pt2`,
  /// or what the option `file` names; `nil` for one in ONNX.
  func otherNetwork(_ path: String, _ options: [String: String]) -> String? {
    let files = FileManager.default
    func isSavedModel(_ name: String) -> Bool {
      files.fileExists(atPath: "\(path)/\(name)/saved_model.pb")
    }
    guard ModelFormat.pipelines.contains(self) else { return nil }
    if self == .textGeneration {
      return options["file"] == nil && isSavedModel("saved_model") ? "saved_model" : nil
    }
    var names = ["model.onnx", "onnx/model.onnx", "saved_model", "model.pt2"]
    if let chosen = options["file"] { names = [chosen] }
    guard let name = names.first(where: { files.fileExists(atPath: "\(path)/\($0)") }),
      !name.hasPrefix("/"), !name.split(separator: "/").contains("..")
    else { return nil }
    return isSavedModel(name) || name.hasSuffix(".pt2") ? name : nil
  }

  /// What runs a text folder's network that is not in ONNX.
  private static func network(
    _ path: String, _ reference: ModelReference, _ worker: WorkerContext
  ) throws -> (any Model)? {
    guard let name = reference.format.otherNetwork(path, reference.options) else { return nil }
    try reference.checkProvider(path)
    let (file, shown) = ("\(path)/\(name)", "\(reference.name)/\(name)")
    if FileManager.default.isFolder(file) {
      return try savedModel(file, shown, signature: nil, reference.options)
    }
    return try torch(file, shown, reference, worker)
  }

  /// Encoder and decoder in the signatures `encode`, `decode_first` and `decode_next` of
  /// `saved_model/`, if the folder has it.
  private static func decoder(
    _ path: String, _ reference: ModelReference
  ) throws -> (any SequenceModel)? {
    guard let name = reference.format.otherNetwork(path, reference.options) else { return nil }
    try reference.checkProvider(path)
    let encoder = try savedModel(
      "\(path)/\(name)", "\(reference.name)/\(name)", signature: "encode", reference.options)
    return try EncoderDecoder(
      encoder: encoder, decoder: encoder.withSignature("decode_first"),
      decoderWithPast: encoder.withSignature("decode_next"), name: reference.name)
  }

  private static func torch(
    _ path: String, _ name: String, _ reference: ModelReference, _ worker: WorkerContext
  ) throws -> TorchModel {
    var model = TorchModelOptions()
    if let threads = try number("threads", reference.options) { model.threads = threads }
    model.device = try reference.gpu(path, worker).map { .cuda($0) }
    model.libraries = reference.libraries(worker)
    return try TorchModel(path: path, name: name, options: model)
  }

  private static func savedModel(
    _ path: String, _ name: String, signature: String?, _ options: [String: String],
    libraries: [String] = []
  ) throws -> SavedModel {
    var model = SavedModelOptions()
    model.operatorLibraries = libraries
    if let threads = try number("threads", options) { model.intraOpThreads = threads }
    return try SavedModel(path: path, name: name, signature: signature, options: model)
  }

  private static func textOptions(
    _ path: String, _ reference: ModelReference, _ worker: WorkerContext
  ) throws -> TextPipelineOptions {
    let options = reference.options
    var text = TextPipelineOptions(
      maxTokens: try number("maxTokens", options), file: options["file"],
      threads: try number("threads", options) ?? 1)
    text.providers = try reference.providers(path, worker)
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

  static func choice<Choice: RawRepresentable<String>>(
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
