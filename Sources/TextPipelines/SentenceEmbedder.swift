import BatchInference
import ONNXRuntime
import Tensors

/// Turns texts into vectors whose directions tell how alike the texts are.
///
/// ```swift
/// let embedder = try SentenceEmbedder(path: "all-MiniLM-L6-v2")
/// let vectors = try await embedder.embed(["The cat sits outside"])     // shape [1, 384]
/// ```
///
/// The folder is one of sentence-transformers with `model.onnx` in it or in `onnx/`. Pooling,
/// normalisation and the greatest number of tokens are those that its files tell
/// (`modules.json`, `1_Pooling/config.json`, `sentence_bert_config.json`), unless given.
///
/// As a ``Model`` it takes `text`, strings of shape `[rows]`, and gives `embedding`, float32 of shape
/// `[rows, dimensions]`.
public struct SentenceEmbedder: Sendable {
  /// How tokens' vectors become one; several ways put side by side. Empty if the network pools.
  public let pooling: [SentencePooling]
  /// Whether vectors have length 1.
  public let isNormalized: Bool
  /// The number of values of a vector; `nil` if only a run tells.
  public let dimensions: Int?
  /// The folder or name.
  public let name: String
  public let options: TextPipelineOptions
  let tokenizer: TextTokenizer
  let encoder: TokenModel
  private let output: TensorSpecification
  private let configuration: SentenceConfiguration

  /// Loads the folder at `path`.
  ///
  /// - Parameters:
  ///   - model: what runs the network instead of the folder's ONNX file: takes `input_ids` and
  ///     `attention_mask`, gives the tokens' vectors, float `[rows, tokens, dimensions]`.
  ///   - pooling: overrides what the folder tells.
  ///   - isNormalized: overrides what the folder tells.
  /// - Throws: ``TextPipelineError`` if a file is missing or they do not fit; the runtime's error.
  public init(
    path: String, model: (any Model)? = nil, pooling: SentencePooling? = nil,
    isNormalized: Bool? = nil, options: TextPipelineOptions = TextPipelineOptions()
  ) throws {
    let folder = try ModelFolder(path: path)
    try options.check(model: path)
    configuration = try SentenceConfiguration(folder)
    let network =
      try model
      ?? ONNXSession(
        path: try folder.requiredModelFile(["model.onnx"], task: "feature-extraction"),
        options: options.session)
    encoder = try TokenModel(network, name: path)
    output = try Self.output(of: network, pools: pooling != nil, name: path)
    let isPooled = output.shape.rank == 2
    if !isPooled, !configuration.otherModules.isEmpty {
      throw TextPipelineError(
        .unsupportedModel,
        "modules.json has the modules \(configuration.otherModules.joined(separator: ", ")), which "
          + "are not computed here. Export the whole pipeline, so that the ONNX file gives "
          + "sentence_embedding (optimum-cli export onnx --library sentence_transformers)",
        model: path)
    }
    self.pooling = isPooled ? [] : pooling.map { [$0] } ?? configuration.pooling
    self.isNormalized = isNormalized ?? configuration.isNormalized
    let width = output.shape.last.flatMap { $0 > 0 ? $0 : nil } ?? configuration.width
    let parts = max(self.pooling.count, 1)
    dimensions = width.map { $0 * parts }
    self.options = options
    name = path
    tokenizer = try TextTokenizer(
      folder,
      maxTokens: options.maxTokens ?? configuration.maxTokens ?? encoder.fixedLength
        ?? folder.maximumTokens())
  }

  /// The output with the vectors: of whole texts if the network pools, else of tokens.
  private static func output(
    of network: any Model, pools: Bool, name: String
  ) throws(TextPipelineError) -> TensorSpecification {
    let outputs = network.outputs.filter { $0.elementType.isFloatingPoint }
    let ofTokens =
      outputs.first { ["last_hidden_state", "token_embeddings"].contains($0.name) }
      ?? outputs.first { $0.shape.rank == 3 } ?? outputs.first { $0.shape.rank == 0 }
    let ofTexts = outputs.first { $0.name == "sentence_embedding" && $0.shape.rank == 2 }
    if let output = pools ? ofTokens : ofTexts ?? ofTokens { return output }
    throw TextPipelineError(
      .unsupportedModel,
      "the model gives neither last_hidden_state, float [batch, tokens, dimensions], nor "
        + "sentence_embedding; its outputs are "
        + network.outputs.map(\.description).joined(separator: ", "), model: name)
  }

  /// The vectors of texts, `[texts, dimensions]`.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func embed(_ texts: [String]) async throws -> Tensor<Float> {
    try await embed(StringTensor(texts))
  }

  func embed(_ texts: StringTensor) async throws -> Tensor<Float> {
    var texts = try texts.prefixed(with: configuration.prompt)
    if configuration.isLowercased {
      texts = try StringTensor(texts.strings.map { $0.lowercased() }, shape: texts.shape)
    }
    return try await embed(try tokenizer.rows(of: texts))
  }

  /// The vectors of rows of token ids, `[rows, dimensions]`.
  public func embed(_ rows: TokenRows) async throws -> Tensor<Float> {
    try rows.check(vocabularySize: configuration.vocabularySize, model: name)
    let isPooled = pooling.isEmpty
    let vectors = try await encoder.collect(
      rows, width: dimensions ?? 0, options: options,
      padding: Int64(configuration.paddingToken), outputs: [output.name]
    ) { results, mask, count in
      let values = try encoder.floats(
        results, output.name, rank: isPooled ? 2 : 3, rows: count)
      if isPooled { return values }
      guard values.shape[1] == mask.shape[1] else {
        throw TextPipelineError(
          .invalidOutput,
          "the output \(output.name) has the shape \(values.shape) for tokens of shape \(mask.shape)",
          model: name)
      }
      return pooled(values, mask, count)
    }
    return isNormalized ? vectors.withUnitRows() : vectors
  }

  private func pooled(_ tokens: Tensor<Float>, _ mask: Tensor<Int64>, _ count: Int) -> Tensor<Float>
  {
    let (length, width) = (tokens.shape[1], tokens.shape[2])
    return Tensor<Float>(shape: [count, width * pooling.count]) { output in
      tokens.withUnsafeBufferPointer { tokens in
        mask.withUnsafeBufferPointer { mask in
          for row in 0..<count {
            let filled = mask[row * length..<(row + 1) * length].count { $0 != 0 }
            let start = row * length * width
            let source = UnsafeBufferPointer(rebasing: tokens[start..<start + filled * width])
            for (position, mode) in pooling.enumerated() {
              let target = (row * pooling.count + position) * width
              mode.pool(
                source, into: UnsafeMutableBufferPointer(rebasing: output[target..<target + width]))
            }
          }
        }
      }
    }
  }
}

extension Tensor<Float> {
  /// The rows divided by their lengths; a row of zeros stays as it is.
  fileprivate func withUnitRows() -> Tensor {
    let stride = rowStride
    return Tensor(shape: shape) { output in
      withUnsafeBufferPointer { input in
        for start in Swift.stride(from: 0, to: count, by: Swift.max(stride, 1)) {
          var sum: Float = 0
          for index in start..<start + stride { sum += input[index] * input[index] }
          let length = Swift.max(sum.squareRoot(), 1e-12)
          for index in start..<start + stride {
            output.initializeElement(at: index, to: input[index] / length)
          }
        }
      }
    }
  }
}
