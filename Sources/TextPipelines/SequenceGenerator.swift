import JSONText
public import Models
import ONNXRuntime
import Tensors

/// Makes texts of texts: translations, summaries, answers.
///
/// ```swift
/// let translator = try SequenceGenerator(
///   path: "t5-small", prefix: "translate English to German: ")
/// try await translator.generate(["The house is wonderful."])   // ["Das Haus ist wunderbar."]
/// ```
///
/// The folder is in Hugging Face's layout: `config.json`, `generation_config.json`,
/// `tokenizer.json`, and in it or in `onnx/` `encoder_model.onnx` with `decoder_model.onnx` and
/// `decoder_with_past_model.onnx`, or with `decoder_model_merged.onnx`. Results are those of
/// transformers' `generate()`, greedy or by beam search.
///
/// As a `Model` it takes `text`, strings of shape `[rows]`, and gives `generated`, strings of shape
/// `[rows]`.
public struct SequenceGenerator: Sendable {
  /// What goes before each text.
  public let prefix: String
  /// The folder or name.
  public let name: String
  /// How texts are cut and batched.
  public let options: TextPipelineOptions
  let tokenizer: TextTokenizer
  let generator: Generator
  private let vocabularySize: Int?
  private let sourcePadding: Int

  /// Loads the folder at `path`.
  ///
  /// - Parameters:
  ///   - path: a folder of HuggingFace's.
  ///   - name: what to call the folder in messages; `nil` for `path`.
  ///   - model: what runs the networks instead of the folder's ONNX files.
  ///   - task: an entry of `task_specific_params` in `config.json`, such as `translation_en_to_de`:
  ///     its prefix, unless one is given, and its settings.
  ///   - prefix: what goes before each text; if `nil`, that of the task.
  ///   - generation: overrides the settings of the folder.
  ///   - options: how texts are cut and batched.
  /// - Throws: ``TextPipelineError`` if a file is missing or they do not fit; the runtime's error.
  public init(
    path: String, name: String? = nil, model: (any SequenceModel)? = nil, task: String? = nil,
    prefix: String? = nil,
    generation: GenerationOptions = GenerationOptions(),
    options: TextPipelineOptions = TextPipelineOptions()
  ) throws {
    let name = name ?? path
    let folder = try ModelFolder(path: path, name: name)
    try options.check(model: name)
    guard try folder.configuration.boolean("is_encoder_decoder") ?? false else {
      let type = try folder.configuration.text("model_type") ?? "unknown"
      throw folder.failure(
        .unsupportedModel,
        "config.json is that of a model of type \(type), which has no encoder and decoder "
          + "(is_encoder_decoder); take one such as T5, BART or Pegasus")
    }
    let specific = try Self.parameters(of: task, in: folder)
    let configuration = try GenerationConfiguration(folder, task: specific, options: generation)
    let network = try model ?? EncoderDecoder(folder, chosen: options.file, options.session)
    generator = Generator(network, configuration, name: name)
    self.prefix = prefix ?? specific["prefix"]?.string ?? ""
    self.options = options
    self.name = name
    vocabularySize = try folder.configuration.integer("vocab_size")
    if let vocabularySize, !(0..<vocabularySize).contains(configuration.startToken) {
      throw folder.failure(
        .vocabularyMismatch,
        "the start token \(configuration.startToken) (decoder_start_token_id) is none of the "
          + "\(vocabularySize) that config.json tells (vocab_size)")
    }
    let biased = configuration.sequenceBiases.lazy.flatMap(\.tokens)
    if let vocabularySize, let token = biased.first(where: { $0 >= vocabularySize }) {
      throw folder.failure(
        .vocabularyMismatch,
        "sequence_bias has the token \(token), which is none of the \(vocabularySize) that "
          + "config.json tells (vocab_size)")
    }
    sourcePadding = try folder.configuration.integer("pad_token_id") ?? configuration.paddingToken
    tokenizer = try TextTokenizer(
      folder, maxTokens: options.maxTokens ?? folder.maximumTokens())
  }

  private static func parameters(
    of task: String?, in folder: ModelFolder
  ) throws(TextPipelineError) -> [String: JSONValue] {
    guard let task else { return [:] }
    let tasks = try folder.configuration.object("task_specific_params") ?? [:]
    if let parameters = tasks[task]?.entries { return parameters }
    let known = tasks.isEmpty ? "none" : tasks.keys.sorted().joined(separator: ", ")
    throw folder.failure(
      .invalidOption,
      "task_specific_params in config.json has no task \(task); it has \(known). Name "
        + "one of them, or give a prefix instead (--option prefix=TEXT, prefix: in Swift)")
  }

  /// The results for texts, each after ``prefix``.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func generate(_ texts: [String]) async throws -> [String] {
    try await generate(StringTensor(texts))
  }

  func generate(_ texts: StringTensor) async throws -> [String] {
    let sources = prefix.isEmpty ? texts : try texts.prefixed(with: prefix)
    return try await generate(tokenizer.rows(of: sources)).map {
      // The end token would be left out anyway; the start token may be an ordinary one.
      try tokenizer.text(of: $0.ids.dropFirst())
    }
  }

  /// The results for rows of token ids, which end as the tokenizer ends them.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func generate(_ rows: TokenRows) async throws -> [GeneratedTokens] {
    try rows.check(vocabularySize: vocabularySize, model: name)
    var results = Array(repeating: GeneratedTokens(ids: [], score: nil), count: rows.count)
    // Each batch has steps of its own, so that short ones cost more than some padding.
    for batch in rows.batches(of: options.batchSize, likeness: 0.5) {
      let source = rows.padded(batch, padding: Int64(sourcePadding))
      for (row, result) in zip(batch, try await generator.generate(source)) {
        results[row] = result
      }
    }
    return results
  }
}

extension SequenceGenerator: TextModel {
  public var outputs: [TensorSpecification] { [.output("generated", .string)] }

  public var runtime: String { generator.model.runtime }

  func outputs(for texts: StringTensor, _ names: Set<String>) async throws -> [String: AnyTensor] {
    ["generated": .string(try StringTensor(try await generate(texts)))]
  }
}
