#if Text
import FoundationEssentials
import HostProcesses
import Models
import SparkFunctions
import TextPipelines

/// A pipeline of text around a network, in a folder of HuggingFace's. The network is in ONNX, or a
/// SavedModel or package of compiled code in the same folder.
protocol TextKind: ModelKind where Options: TextKindOptions {
  /// What users may call the pipeline beside its format.
  var otherNames: [String] { get }

  /// The network that is not in ONNX, by its name in the folder; `nil` for one in ONNX.
  ///
  /// - Parameter file: the network that the user chose.
  func otherNetwork(in folder: String, file: String?) -> String?
}

/// The options of a pipeline of text, those that all have among them.
protocol TextKindOptions: ModelOptions {
  var text: TextOptions { get set }
}

/// The options that all pipelines of text have.
struct TextOptions: Sendable {
  /// `pipeline` is no option of one of them: it chooses among them.
  static let names = ["pipeline", "file", "maxTokens", "batchTokens", "threads", "provider"]

  let file: String?
  let maxTokens: Int?
  let batchTokens: Int?
  let threads: Int?
  var provider: ModelSource.Provider

  init(_ values: OptionValues) throws {
    file = values["file"]
    maxTokens = try values.number("maxTokens")
    batchTokens = try values.number("batchTokens")
    threads = try values.number("threads")
    provider = try values.provider()
  }
}

extension TextKind {
  /// The pipelines sort a batch by length and cut it themselves.
  var batchSize: Int { 256 }

  func setting(
    _ option: String, to value: String, of source: ModelSource
  ) throws -> ModelSource {
    option == "pipeline" ? try source.used(as: value) : source.with(option, value)
  }

  func otherNetwork(in folder: String, file: String?) -> String? {
    let files = FileManager.default
    var names = ["model.onnx", "onnx/model.onnx", "saved_model", "model.pt2"]
    if let file { names = [file] }
    guard let name = names.first(where: { files.fileExists(atPath: "\(folder)/\($0)") }),
      !name.hasPrefix("/"), !name.split(separator: "/").contains("..")
    else { return nil }
    let isOther = SavedModelKind.isSavedModel("\(folder)/\(name)") || name.hasSuffix(".pt2")
    return isOther ? name : nil
  }

  /// The network where ``otherNetwork(in:file:)`` and the pipeline look for it.
  func networks(in folder: ListedFolder, _ options: [String: String]) throws -> [String] {
    if let file = options["file"] { return try folder.chosen(file) }
    if folder.place(of: "model.onnx", in: [""]) == nil {
      if folder.has("saved_model/saved_model.pb") { return folder.files(below: "saved_model") }
      if folder.has("model.pt2") { return ["model.pt2"] }
    }
    guard let network = folder.place(of: "model.onnx", in: folder.modules + [""]) else {
      throw folder.lacks(["model.onnx"])
    }
    return [network]
  }

  /// The same, which may not be where a provider is asked for.
  func otherNetwork(of model: PlacedModel<Options>) throws -> String? {
    let text = model.options.text
    guard let network = otherNetwork(in: model.path, file: text.file) else { return nil }
    guard text.provider == .cpu else {
      throw NeedletailError(
        .usage,
        "provider is for ONNX models, and the network of \(model.name) is \(network); leave the "
          + "option out")
    }
    return network
  }

  func planned(_ model: PlacedModel<Options>) throws -> Options {
    _ = try otherNetwork(of: model)
    var options = model.options
    options.text.provider = .cpu
    return options
  }

  func gpu(_ model: PlacedModel<Options>) throws -> Int? {
    if let compiled = try compiledNetwork(of: model) {
      return try TorchKind.gpu(for: compiled, model.worker)
    }
    return model.options.text.provider == .cpu ? nil : model.worker.cudaDevice
  }

  func warnings(_ model: PlacedModel<Options>) throws -> [String] {
    guard let compiled = try compiledNetwork(of: model) else { return [] }
    return try TorchKind.warnings(of: compiled)
  }

  /// Where the network lies if it is a package of compiled code.
  private func compiledNetwork(of model: PlacedModel<Options>) throws -> String? {
    guard let network = try otherNetwork(of: model) else { return nil }
    let path = "\(model.path)/\(network)"
    return FileManager.default.isFolder(path) ? nil : path
  }

  /// What runs the network if it is not in ONNX.
  func network(of model: PlacedModel<Options>) throws -> (any Model)? {
    guard let name = try otherNetwork(of: model) else { return nil }
    let (path, shown) = ("\(model.path)/\(name)", "\(model.name)/\(name)")
    let threads = model.options.text.threads
    if FileManager.default.isFolder(path) {
      return try SavedModelKind.open(path, name: shown, threads: threads)
    }
    return try TorchKind.open(path, name: shown, threads: threads, model.worker)
  }

  /// The pipeline's form of the options.
  func pipelineOptions(of model: PlacedModel<Options>) throws -> TextPipelineOptions {
    let text = model.options.text
    var options = TextPipelineOptions(
      maxTokens: text.maxTokens, file: text.file, threads: text.threads ?? 1)
    options.providers = try text.provider.executionProviders(for: model.path, model.worker)
    if let tokens = text.batchTokens { options.batchTokens = tokens }
    return options
  }
}
#endif
