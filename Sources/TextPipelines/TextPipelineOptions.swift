public import ONNXRuntime

/// What all text pipelines can be told.
public struct TextPipelineOptions: Sendable, Hashable, Codable {
  /// The greatest number of texts that the model gets at once. Texts of like length go together, so
  /// that little is padded; results come in the order of the texts.
  public var batchSize = 32
  /// The greatest number of tokens of a batch of several texts, padding included: what a network
  /// computes on the way to an answer should fit the processor's caches. A generator, most of whose
  /// work comes after reading the texts, does not look at it.
  public var batchTokens = 1024
  /// The greatest number of tokens of a text, special ones included; what is beyond is cut off.
  /// `nil` for the model's own limit.
  public var maxTokens: Int?
  /// The network's file, as its path in the model's folder: `onnx/model_quantized.onnx`. `nil` for
  /// `model.onnx`. Of a generator it names the encoder or a decoder, and the others are those that
  /// lie beside it with the same ending: `onnx/encoder_model_quantized.onnx`.
  public var file: String?
  /// Threads that share the work of one run of an ONNX model.
  public var threads = 1
  /// What computes an ONNX model, the preferred one first; the CPU is implied at the end.
  public var providers: [ExecutionProvider] = []

  public init(
    batchSize: Int = 32, batchTokens: Int = 1024, maxTokens: Int? = nil, file: String? = nil,
    threads: Int = 1
  ) {
    self.batchSize = batchSize
    self.batchTokens = batchTokens
    self.maxTokens = maxTokens
    self.file = file
    self.threads = threads
  }

  func check(model: String) throws(TextPipelineError) {
    guard batchSize > 0, batchTokens > 0, maxTokens ?? 1 > 0, threads >= 0 else {
      throw TextPipelineError(
        .invalidOption,
        "batchSize (\(batchSize)), batchTokens (\(batchTokens)) and maxTokens (\(maxTokens.map(String.init) ?? "none")) must be "
          + "positive, threads (\(threads)) not negative",
        model: model)
    }
  }

  var session: ONNXSessionOptions {
    var options = ONNXSessionOptions(providers: providers)
    options.intraOpThreads = threads
    // Warnings would come anew with each batch.
    options.logSeverity = .error
    return options
  }
}
