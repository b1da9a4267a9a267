public import Models
import ONNXRuntime
public import Tensors

/// Turns texts into vectors whose directions tell how alike the texts are.
///
/// ```swift
/// let embedder = try SentenceEmbedder(path: "all-MiniLM-L6-v2")
/// let vectors = try await embedder.embed(["The cat sits outside"])     // shape [1, 384]
/// ```
///
/// The folder is one of sentence-transformers with `model.onnx` in it or in `onnx/`. Pooling,
/// normalisation and the greatest number of tokens are those that its files tell
/// (`modules.json`, the modules' files, `config_sentence_transformers.json`), unless given.
///
/// As a `Model` it takes `text`, strings of shape `[rows]`, and gives `embedding`, float32 of shape
/// `[rows, dimensions]`.
public struct SentenceEmbedder: Sendable {
  /// How tokens' vectors become one; several ways put side by side. Empty if the network pools.
  public let pooling: [SentencePooling]
  /// Whether vectors are scaled to length 1. Those that the folder then cuts off (`truncate_dim`) are
  /// shorter, unless it was asked for here.
  public let isNormalized: Bool
  /// The number of values of a vector; `nil` if only a run tells.
  public let dimensions: Int?
  /// The folder or name.
  public let name: String
  /// How texts are cut and batched.
  public let options: TextPipelineOptions
  let tokenizer: TextTokenizer
  let encoder: TokenModel
  private let output: TensorSpecification
  private let configuration: SentenceConfiguration
  /// Whether vectors that are cut off get length 1 again.
  private let normalizesLast: Bool
  /// The number of the prompt's tokens at the beginning of each text that the pooling leaves out.
  private let promptTokens: Int

  /// Loads the folder at `path`.
  ///
  /// - Parameters:
  ///   - path: a folder of HuggingFace's or sentence-transformers'.
  ///   - name: what to call the folder in messages; `nil` for `path`.
  ///   - model: what runs the network instead of the folder's ONNX file: takes `input_ids` and
  ///     `attention_mask`, gives the tokens' vectors, float `[rows, tokens, dimensions]`.
  ///   - pooling: overrides what the folder tells.
  ///   - isNormalized: overrides what the folder tells.
  ///   - options: how texts are cut and batched.
  /// - Throws: ``TextPipelineError`` if a file is missing or they do not fit; the runtime's error.
  public init(
    path: String, name: String? = nil, model: (any Model)? = nil, pooling: SentencePooling? = nil,
    isNormalized: Bool? = nil, options: TextPipelineOptions = TextPipelineOptions()
  ) throws {
    let name = name ?? path
    let modules = try SentenceModules(path: path, name: name)
    let folder = try ModelFolder(path: path, name: name, subfolder: modules.networkPath)
    try options.check(model: name)
    configuration = try SentenceConfiguration(folder, modules)
    encoder = try TokenModel(folder, model, options, task: "feature-extraction")
    output = try Self.output(of: encoder.model, pools: pooling != nil, name: name)
    let isPooled = output.shape.rank == 2
    if !isPooled, let reason = configuration.uncomputed(pooling: pooling) {
      throw folder.failure(
        .unsupportedModel,
        "\(reason). Export the whole pipeline, so that the ONNX file gives sentence_embedding "
          + "(optimum-cli export onnx --library sentence_transformers)")
    }
    if isPooled, !configuration.poolsPrompt, !configuration.prompt.isEmpty {
      throw folder.failure(
        .unsupportedModel,
        "the pooling leaves the prompt out (include_prompt), but the ONNX file pools by itself; "
          + "export the network alone, so that it gives last_hidden_state")
    }
    self.pooling = isPooled ? [] : pooling.map { [$0] } ?? configuration.pooling
    self.isNormalized = isNormalized ?? configuration.isNormalized
    let width = output.shape.last.flatMap { $0 > 0 ? $0 : nil } ?? configuration.width
    let parts = max(self.pooling.count, 1)
    let cut = configuration.dimensions
    dimensions = width.map { min($0 * parts, cut ?? .max) }
    normalizesLast = isNormalized == true && cut != nil
    self.options = options
    self.name = name
    let limits = [try folder.tokenizerLimit(), try folder.positions()].compactMap(\.self)
    tokenizer = try TextTokenizer(
      folder,
      maxTokens: options.maxTokens ?? configuration.maxTokens ?? encoder.fixedLength
        ?? limits.min(), lowercasesFirst: configuration.isLowercased)
    promptTokens =
      configuration.poolsPrompt ? 0 : try tokenizer.promptLength(configuration.prompt)
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
    try await embed(
      try tokenizer.rows(of: texts.prefixed(with: configuration.prompt)), skipping: promptTokens)
  }

  /// The vectors of rows of token ids, `[rows, dimensions]`.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func embed(_ rows: TokenRows) async throws -> Tensor<Float> {
    try await embed(rows, skipping: 0)
  }

  /// - Parameter skipped: the number of tokens at the beginning of each row that the pooling leaves
  ///   out.
  private func embed(_ rows: TokenRows, skipping skipped: Int) async throws -> Tensor<Float> {
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
      return pooled(values, mask, count, skipping: skipped)
    }
    let scaled = isNormalized ? vectors.withUnitRows() : vectors
    guard let cut = configuration.dimensions, cut < scaled.rowStride else { return scaled }
    let short = scaled.prefixOfRows(cut)
    return normalizesLast ? short.withUnitRows() : short
  }

  private func pooled(
    _ tokens: Tensor<Float>, _ mask: Tensor<Int64>, _ count: Int, skipping skipped: Int
  ) -> Tensor<Float> {
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
                source, skipping: skipped,
                into: UnsafeMutableBufferPointer(rebasing: output[target..<target + width]))
            }
          }
        }
      }
    }
  }
}

extension Tensor<Float> {
  /// The first values of each row.
  fileprivate func prefixOfRows(_ width: Int) -> Tensor {
    let stride = rowStride
    return Tensor(shape: [rowCount, width]) { output in
      withUnsafeBufferPointer { input in
        for row in 0..<rowCount {
          let values = UnsafeBufferPointer(rebasing: input[row * stride..<row * stride + width])
          _ = output[(row * width)...].initialize(fromContentsOf: values)
        }
      }
    }
  }

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
