#if Text
import Models
public import SparkFunctions
import TextPipelines

extension ModelFormat {
  /// A folder of HuggingFace's with a text classifier.
  public static let textClassification = ModelFormat(rawValue: "text-classification")
}

/// Text classifiers in folders of HuggingFace's.
struct TextClassificationKind: TextKind {
  struct Options: TextKindOptions {
    static let names = ["topK"] + TextOptions.names
    let topK: Int?
    var text: TextOptions

    init(_ values: OptionValues) throws {
      topK = try values.number("topK")
      text = try TextOptions(values)
    }
  }

  var format: ModelFormat { .textClassification }
  var otherNames: [String] { ["sentiment", "sentiment-analysis"] }

  /// BART and T5 have classifiers that are made of encoder and decoder, too: this kind is asked before
  /// those that generate.
  func source(at path: String) throws -> ModelSource? {
    guard TextConfiguration.exists(in: path),
      try TextConfiguration(folder: path).isFor("ForSequenceClassification")
    else { return nil }
    return ModelSource.sentiment(path)
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    try TextClassifier(
      path: model.path, name: model.name, model: try network(of: model),
      topK: model.options.topK, options: try pipelineOptions(of: model))
  }
}

extension ModelSource {
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
      TextClassificationKind(), folder,
      [
        "topK": topK.map(String.init), "maxTokens": maxTokens.map(String.init),
        "batchTokens": batchTokens.map(String.init), "file": file, "threads": "\(threads)",
        "provider": provider.option,
      ])
  }
}
#endif
