public import Models
import ONNXRuntime
public import Tensors

/// Gives texts labels: sentiment, topic, language.
///
/// ```swift
/// let classifier = try TextClassifier(path: "distilbert-sentiment")
/// try await classifier.classify(["I love it"])       // [POSITIVE 0.99]
/// ```
///
/// The folder is in Hugging Face's layout: `config.json` (labels, kind of problem), `tokenizer.json`
/// and `model.onnx`, the latter perhaps in `onnx/`. Texts longer than the model takes are cut off.
///
/// As a `Model` it takes `text`, strings of shape `[rows]`, and gives `label` (strings) and `score`
/// (float32), `[rows]` each; with ``topK`` it gives `labels` and `scores`, `[rows, k]`.
public struct TextClassifier: Sendable {
  /// The labels in the order of the model's outputs.
  public let labels: [String]
  /// How the model's outputs become scores.
  public let function: ScoreFunction
  /// The number of best labels that each text gets; `nil` for the best one alone.
  public let topK: Int?
  /// The folder or name.
  public let name: String
  /// How texts are cut and batched.
  public let options: TextPipelineOptions
  let encoder: TokenModel
  let tokenizer: TextTokenizer
  private let logits: String
  private let configuration: ClassifierConfiguration

  /// Loads the folder at `path`.
  ///
  /// - Parameters:
  ///   - path: a folder of HuggingFace's.
  ///   - name: what to call the folder in messages; `nil` for `path`.
  ///   - model: what runs the network instead of the folder's ONNX file: a SavedModel, a package of
  ///     torch.export, or a server, that takes `input_ids` and `attention_mask` and gives `logits`.
  ///   - topK: the number of best labels wanted for each text.
  ///   - options: how texts are cut and batched.
  /// - Throws: ``TextPipelineError`` if a file is missing or they do not fit; the runtime's error.
  public init(
    path: String, name: String? = nil, model: (any Model)? = nil, topK: Int? = nil,
    options: TextPipelineOptions = TextPipelineOptions()
  ) throws {
    let name = name ?? path
    let folder = try ModelFolder(path: path, name: name)
    try options.check(model: name)
    encoder = try TokenModel(folder, model, options, task: "text-classification")
    let output = try encoder.model.floatOutput("logits", of: "model", name: name)
    logits = output.name
    let width = output.shape.rank == 2 && output.shape[1] > 0 ? output.shape[1] : nil
    configuration = try ClassifierConfiguration(folder, outputCount: width)
    labels = configuration.labels
    function = configuration.function
    if let topK, !(1...labels.count).contains(topK) {
      throw folder.failure(.invalidOption, "topK is \(topK), the model has \(labels.count) labels")
    }
    self.topK = topK
    self.options = options
    self.name = name
    tokenizer = try TextTokenizer(
      folder, maxTokens: options.maxTokens ?? encoder.fixedLength ?? folder.maximumTokens())
  }

  /// The best label of each text.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func classify(_ texts: [String]) async throws -> [Classification] {
    best(of: try await scores(of: try tokenizer.rows(of: texts)))
  }

  /// The best label of each row of token ids.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func classify(_ rows: TokenRows) async throws -> [Classification] {
    best(of: try await scores(of: rows))
  }

  /// The scores of all labels, `[rows, labels]`, for rows of token ids.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func scores(of rows: TokenRows) async throws -> Tensor<Float> {
    function(try await logits(of: rows))
  }

  /// The network's outputs, `[rows, labels]`, for rows of token ids.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func logits(of rows: TokenRows) async throws -> Tensor<Float> {
    try rows.check(vocabularySize: configuration.vocabularySize, model: name)
    let width = labels.count
    return try await encoder.collect(
      rows, width: width, options: options,
      padding: Int64(configuration.paddingToken), outputs: [logits]
    ) { results, _, count in
      let values = try encoder.floats(results, logits, rank: 2, rows: count)
      guard values.rowStride == width else {
        throw TextPipelineError(
          .invalidOutput,
          "the model gave \(values.rowStride) values for a text, it has \(width) labels",
          model: name)
      }
      return values
    }
  }

  func best(of scores: Tensor<Float>) -> [Classification] {
    zip(scores.argmax(), 0...).map { index, row in
      Classification(label: labels[index], score: scores[row, index])
    }
  }
}
