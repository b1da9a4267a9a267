#if Text
import FoundationEssentials
import Models
public import SparkFunctions
public import TextPipelines

extension ModelFormat {
  /// A folder of HuggingFace's or sentence-transformers' with an encoder of sentences.
  public static let sentenceEmbeddings = ModelFormat(rawValue: "sentence-embeddings")
}

/// Encoders of sentences in folders of sentence-transformers' or HuggingFace's.
struct SentenceEmbeddingsKind: TextKind {
  struct Options: TextKindOptions {
    static let names = ["pooling", "normalized"] + TextOptions.names
    let pooling: SentencePooling?
    let isNormalized: Bool?
    var text: TextOptions

    init(_ values: OptionValues) throws {
      pooling = try values.choice("pooling", of: SentencePooling.self)
      isNormalized = try values.flag("normalized")
      text = try TextOptions(values)
    }
  }

  var format: ModelFormat { .sentenceEmbeddings }
  var otherNames: [String] { ["embeddings", "feature-extraction", "sentence-similarity"] }

  func source(at path: String) throws -> ModelSource? {
    FileManager.default.fileExists(atPath: path + "/modules.json")
      ? ModelSource.embeddings(path) : nil
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    try SentenceEmbedder(
      path: model.path, name: model.name, model: try network(of: model),
      pooling: model.options.pooling, isNormalized: model.options.isNormalized,
      options: try pipelineOptions(of: model))
  }
}

extension ModelSource {
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
      SentenceEmbeddingsKind(), folder,
      [
        "pooling": pooling?.rawValue, "normalized": normalized.map { "\($0)" },
        "maxTokens": maxTokens.map(String.init), "batchTokens": batchTokens.map(String.init),
        "file": file, "threads": "\(threads)", "provider": provider.option,
      ])
  }
}
#endif
