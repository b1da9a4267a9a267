import Foundation
import HostProcesses
import SparkFunctions
import TextPipelines

extension ModelSource {
  /// A model in ONNX format, run by ONNX Runtime.
  ///
  /// - Parameters:
  ///   - threads: the threads that one prediction uses; tasks run side by side, so one is right on
  ///     most clusters.
  ///   - provider: what computes it: the CPU, or the GPU that Spark assigned to the task.
  ///   - customOps: files of shared libraries with operators that ONNX Runtime does not have, such as
  ///     that of onnxruntime-extensions; they are sent to the executors.
  public static func onnx(
    _ path: String, threads: Int = 1, provider: Provider = .cpu, customOps: [String] = []
  ) -> ModelSource {
    ModelSource(
      .onnx, path,
      [
        "threads": "\(threads)", "provider": provider.option,
        ModelFormat.customOps: option(customOps),
      ])
  }

  private static func option(_ paths: [String]) -> String? {
    paths.isEmpty ? nil : paths.joined(separator: ",")
  }

  /// A package of compiled code (`.pt2`) made by PyTorch's AOTInductor, run by PyTorch's libraries,
  /// which must be on the executors: on the CPU, or, if it was compiled for CUDA, on the GPU that Spark
  /// assigned to the task.
  ///
  /// - Parameter customOps: files of shared libraries that register operators with PyTorch; they are
  ///   sent to the executors.
  public static func torch(
    _ path: String, threads: Int = 1, customOps: [String] = []
  ) -> ModelSource {
    ModelSource(
      .torch, path, ["threads": "\(threads)", ModelFormat.customOps: option(customOps)])
  }

  /// A SavedModel of TensorFlow's or Keras', run by TensorFlow's libraries, which must be on the
  /// executors.
  ///
  /// - Parameters:
  ///   - signature: its name; `nil` for `serving_default`, `serve` or the only one.
  ///   - customOps: files of shared libraries with operators that TensorFlow does not have, such as that
  ///     of TensorFlow Text; they are sent to the executors.
  public static func savedModel(
    _ folder: String, signature: String? = nil, threads: Int = 1, customOps: [String] = []
  ) -> ModelSource {
    ModelSource(
      .savedModel, folder,
      [
        "signature": signature, "threads": "\(threads)", ModelFormat.customOps: option(customOps),
      ])
  }

  /// A text classifier in a folder of HuggingFace's with an ONNX export: gives `label` and `score`.
  ///
  /// - Parameters:
  ///   - topK: gives the best `labels` and `scores` instead, as arrays of this length.
  ///   - maxTokens: where longer texts are cut; `nil` for the model's own maximum.
  ///   - batchTokens: the most tokens that the network gets at once, padding included.
  ///   - file: the network's file in the folder, such as `onnx/model_quantized.onnx`; `nil` for
  ///     `model.onnx`.
  ///   - provider: what computes the network.
  public static func sentiment(
    _ folder: String, topK: Int? = nil, maxTokens: Int? = nil, batchTokens: Int? = nil,
    file: String? = nil, threads: Int = 1, provider: Provider = .cpu
  ) -> ModelSource {
    ModelSource(
      .textClassification, folder,
      [
        "topK": topK.map(String.init), "maxTokens": maxTokens.map(String.init),
        "batchTokens": batchTokens.map(String.init), "file": file, "threads": "\(threads)",
        "provider": provider.option,
      ])
  }

  /// An encoder of sentences in a folder of sentence-transformers' or HuggingFace's with an ONNX
  /// export: gives an array of floats for each text.
  ///
  /// - Parameters:
  ///   - pooling: how the tokens' vectors become one; `nil` for what the folder says.
  ///   - normalized: whether the vectors are scaled to length 1; `nil` for what the folder says.
  ///   - maxTokens: where longer texts are cut; `nil` for the model's own maximum.
  ///   - batchTokens: the most tokens that the network gets at once, padding included.
  ///   - file: the network's file in the folder, such as `onnx/model_quantized.onnx`; `nil` for
  ///     `model.onnx`.
  ///   - provider: what computes the network.
  public static func embeddings(
    _ folder: String, pooling: SentencePooling? = nil, normalized: Bool? = nil,
    maxTokens: Int? = nil, batchTokens: Int? = nil, file: String? = nil, threads: Int = 1,
    provider: Provider = .cpu
  ) -> ModelSource {
    ModelSource(
      .sentenceEmbeddings, folder,
      [
        "pooling": pooling?.rawValue, "normalized": normalized.map { "\($0)" },
        "maxTokens": maxTokens.map(String.init), "batchTokens": batchTokens.map(String.init),
        "file": file, "threads": "\(threads)", "provider": provider.option,
      ])
  }

  /// An encoder and decoder of text, such as T5, in a folder of HuggingFace's with ONNX exports:
  /// gives `generated` text.
  ///
  /// - Parameters:
  ///   - prefix: put before each text: `translate English to German: `.
  ///   - task: an entry of `task_specific_params` in `config.json`, whose prefix and settings apply.
  ///   - maxLength: the most tokens of a result, the start token included; `nil` for the folder's.
  ///   - beams: the width of the beam search; `nil` for the folder's, 1 is greedy.
  ///   - generation: further settings, which override the folder's; `maxLength` and `beams` go before
  ///     its own.
  ///   - file: encoder or decoder, such as `onnx/encoder_model_quantized.onnx`, beside which the others
  ///     lie with the same ending; `nil` for `encoder_model.onnx`.
  ///   - provider: what computes encoder and decoder.
  public static func translation(
    _ folder: String, prefix: String? = nil, task: String? = nil, maxLength: Int? = nil,
    beams: Int? = nil, generation: GenerationOptions? = nil, file: String? = nil, threads: Int = 1,
    provider: Provider = .cpu
  ) -> ModelSource {
    // Encoding numbers and lists of numbers cannot fail.
    let settings = generation.flatMap { try? JSONEncoder().encode($0) }
    return ModelSource(
      .textGeneration, folder,
      [
        "prefix": prefix, "task": task, "maxLength": maxLength.map(String.init),
        "beams": beams.map(String.init),
        "generation": settings.map { String(decoding: $0, as: UTF8.self) },
        "file": file, "threads": "\(threads)", "provider": provider.option,
      ])
  }

  /// The model with another option of its loader: `threads`, for ONNX `provider`, for SavedModels
  /// `signature`, and for text those that
  /// ``sentiment(_:topK:maxTokens:batchTokens:file:threads:provider:)``,
  /// ``embeddings(_:pooling:normalized:maxTokens:batchTokens:file:threads:provider:)`` and
  /// ``translation(_:prefix:task:maxLength:beams:generation:file:threads:provider:)`` take.
  ///
  /// The option `pipeline` of a HuggingFace folder says what it is used as: `text-classification`,
  /// `sentence-embeddings` or `text-generation`.
  ///
  /// - Throws: ``NeedletailError`` if models of this format have no such option.
  public func setting(_ option: String, to value: String) throws -> ModelSource {
    let known = format.optionNames
    let isHeader = format == .kserve && option.hasPrefix(Self.headerOption)
    // On a command line words are often joined by hyphens: custom-ops.
    let plain = option.filter { $0 != "-" }.lowercased()
    let found = known.first { $0 == option || $0.lowercased() == plain }
    guard let name = isHeader ? option : found else {
      throw NeedletailError(
        .usage,
        "a model of the format \(format.rawValue) has no option '\(option)'; it has "
          + known.joined(separator: ", "))
    }
    if name == "pipeline" { return try used(as: value) }
    var changed = self
    changed.options[name] = value
    return changed
  }

  /// Whether models of this format have an option.
  package func hasOption(_ name: String) -> Bool { format.optionNames.contains(name) }

  /// The folder as another pipeline.
  private func used(as pipeline: String) throws -> ModelSource {
    guard let format = ModelFormat.pipeline(pipeline) else {
      let known = ModelFormat.pipelines.map(\.rawValue).joined(separator: ", ")
      throw NeedletailError(.usage, "pipeline is '\(pipeline)', it must be one of \(known)")
    }
    var changed = self
    changed.format = format
    if let option = options.keys.sorted().first(where: { !format.optionNames.contains($0) }) {
      throw NeedletailError(
        .usage,
        "the pipeline \(pipeline) has no option '\(option)'; it has "
          + format.optionNames.joined(separator: ", "))
    }
    return changed
  }

  /// The model at `path`, its format told from the name, or from the files of a folder; or the model of
  /// a server whose address is `path`: `kserve://HOST:PORT/MODEL`.
  ///
  /// - Throws: ``NeedletailError`` if they tell none.
  public init(path: String) throws {
    let name = path.lowercased()
    if path.contains("://") {
      self = try .kserve(address: path)
    } else if name.hasSuffix(".onnx") {
      self = .onnx(path)
    } else if name.hasSuffix(".pt2") {
      self = .torch(path)
    } else if FileManager.default.fileExists(atPath: path + "/saved_model.pb") {
      self = .savedModel(path)
    } else if FileManager.default.fileExists(atPath: path + "/modules.json") {
      self = .embeddings(path)
    } else if FileManager.default.fileExists(atPath: path + "/config.json") {
      self = try Self.pipeline(path)
    } else {
      let names =
        "a model is a file called .onnx or .pt2, or a folder with saved_model.pb (TensorFlow) or "
        + "config.json (HuggingFace), or kserve://HOST:PORT/MODEL of a server"
      throw NeedletailError(.usage, "'\(path)' is not a model that can be run: \(names)")
    }
  }
}
