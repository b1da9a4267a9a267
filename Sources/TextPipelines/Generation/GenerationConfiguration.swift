import JSONText

/// All settings of a generation, from `generation_config.json`, `config.json` and the caller's
/// options.
struct GenerationConfiguration: Sendable, Hashable {
  var startToken: Int
  var paddingToken: Int
  var endTokens: Set<Int>
  /// The greatest number of tokens, the start token included.
  var maxLength: Int
  /// The least number of tokens, the start token included, before an end token may come.
  var minLength = 0
  var beams = 1
  var lengthPenalty = 1.0
  var earlyStopping = EarlyStopping.heuristic
  var noRepeatNGramSize = 0
  var repetitionPenalty = 1.0
  var badWords: [[Int]] = []
  var suppressedTokens: [Int] = []
  var suppressedFirstTokens: [Int] = []
  var forcedFirstToken: Int?
  var forcedLastTokens: [Int] = []
  var sequenceBiases: [SequenceBias] = []
  /// Divides the scores of tokens that the source does not have, in effect.
  var encoderRepetitionPenalty = 1.0
  /// No sequence of so many tokens of the source comes in the result; 0 for no such rule.
  var encoderNoRepeatNGramSize = 0
  var removesInvalidValues = false
  var lengthDecay: LengthDecay?
  /// Whether scores are made logarithms of probabilities again after all rules.
  var renormalizes = false

  /// The number of continuations looked at in a step of a beam search: enough to go on with all
  /// beams when the best ones end.
  var candidates: Int { max(2, 1 + endTokens.count) * beams }

  /// - Parameter task: entries that go before the files', from `task_specific_params`.
  init(
    _ folder: ModelFolder, task: [String: JSONValue], options: GenerationOptions
  ) throws {
    let model = folder.configuration
    // Models of before 2023 keep these settings in config.json.
    let own = try folder.optionalConfiguration("generation_config.json") ?? model
    let specific = ConfigurationFile(
      path: "task_specific_params in \(model.path)", entries: task)
    let settings = GenerationSettings(own: own, task: specific)
    try KnownEntries.generation.check(own, model: folder.name)
    try KnownEntries.generation.check(specific, model: folder.name)

    endTokens = Set(try settings.integers("eos_token_id") ?? [])
    startToken = try settings.startToken(orOf: model, folder: folder.name)
    paddingToken = try settings.token("pad_token_id") ?? endTokens.min() ?? 0
    maxLength = try Self.maxLength(settings, options, positions: model)
    if let new = try options.minNewTokens
      ?? (options.minLength == nil ? settings.integer("min_new_tokens") : nil)
    {
      minLength = new &+ 1
    } else {
      minLength = try options.minLength ?? settings.integer("min_length") ?? 0
    }
    beams = try options.beams ?? settings.integer("num_beams") ?? 1
    lengthPenalty = try options.lengthPenalty ?? settings.double("length_penalty") ?? 1
    let stopping = try settings.read(
      "early_stopping", "true, false or \"never\"", Self.earlyStopping)
    earlyStopping = options.earlyStopping ?? stopping ?? .heuristic
    noRepeatNGramSize =
      try options.noRepeatNGramSize ?? settings.integer("no_repeat_ngram_size") ?? 0
    repetitionPenalty =
      try options.repetitionPenalty ?? settings.double("repetition_penalty") ?? 1
    badWords = try options.badWords ?? settings.badWords() ?? []
    suppressedTokens = try settings.integers("suppress_tokens") ?? []
    suppressedFirstTokens = try settings.integers("begin_suppress_tokens") ?? []
    forcedFirstToken = try options.forcedFirstToken ?? settings.forcedFirstToken()
    forcedLastTokens = try settings.integers("forced_eos_token_id") ?? []
    sequenceBiases = try settings.sequenceBiases() ?? []
    encoderRepetitionPenalty = try settings.double("encoder_repetition_penalty") ?? 1
    encoderNoRepeatNGramSize = try settings.integer("encoder_no_repeat_ngram_size") ?? 0
    removesInvalidValues = try settings.boolean("remove_invalid_values") ?? false
    lengthDecay = try settings.lengthDecay()
    renormalizes = try settings.boolean("renormalize_logits") ?? false
    try check(settings, folder, options)
  }

  /// The greatest number of tokens, the start token included.
  private static func maxLength(
    _ settings: GenerationSettings, _ options: GenerationOptions, positions: ConfigurationFile
  ) throws -> Int {
    if let new = try options.maxNewTokens
      ?? (options.maxLength == nil ? settings.integer("max_new_tokens") : nil)
    {
      return new &+ 1
    }
    if let length = try options.maxLength ?? settings.integer("max_length") { return length }
    // Without a limit, transformers generates 20 tokens, if the model has as many positions.
    return min(21, try positions.integer("max_position_embeddings") ?? 21)
  }

  private static let mostBeams = 1024
  /// Longer results are mistakes: their keys and values would fill any memory.
  private static let mostTokens = 1 << 16

  private static func earlyStopping(_ value: JSONValue) -> EarlyStopping? {
    switch value {
    case .bool(let isFull): isFull ? .whenFull : .heuristic
    case .string("never"): .never
    default: nil
    }
  }

  private func check(
    _ settings: GenerationSettings, _ folder: ModelFolder, _ options: GenerationOptions
  ) throws {
    let path = settings.own.path
    guard (1...Self.mostTokens).contains(maxLength), minLength >= 0,
      (1...Self.mostBeams).contains(beams),
      noRepeatNGramSize >= 0, repetitionPenalty > 0,
      lengthPenalty.isFinite, badWords.allSatisfy({ !$0.isEmpty })
    else {
      throw folder.failure(
        .invalidOption,
        "maxLength (\(maxLength), at most \(Self.mostTokens)), beams (\(beams), at most "
          + "\(Self.mostBeams)) and repetitionPenalty (\(repetitionPenalty)) must be positive, "
          + "minLength (\(minLength)) and noRepeatNGramSize (\(noRepeatNGramSize)) not negative, "
          + "and bad words not empty")
    }
    guard encoderRepetitionPenalty > 0, encoderNoRepeatNGramSize >= 0 else {
      throw folder.failure(
        .invalidConfiguration,
        "in \(path) encoder_repetition_penalty (\(encoderRepetitionPenalty)) must be positive and "
          + "encoder_no_repeat_ngram_size (\(encoderNoRepeatNGramSize)) not negative")
    }
    if lengthDecay != nil, endTokens.isEmpty {
      throw folder.failure(
        .invalidConfiguration,
        "\(path) has exponential_decay_length_penalty, which favours the end token, but no "
          + "eos_token_id")
    }
    if !options.ignoresSampling, try settings.boolean("do_sample") ?? false {
      throw folder.failure(
        .unsupportedModel,
        "\(path) asks for random sampling (do_sample), which is not done here; to take the likeliest "
          + "tokens, say --option generation='{\"ignoresSampling\": true}', in Swift "
          + "GenerationOptions.ignoresSampling")
    }
    // Contrastive search is a kind of greedy search that also needs several candidates.
    if beams == 1, try settings.double("penalty_alpha") ?? 0 > 0,
      try settings.integer("top_k") ?? 50 > 1
    {
      throw folder.failure(
        .unsupportedModel,
        "\(path) sets penalty_alpha: contrastive search, which is not done here. Remove the entry "
          + "if the likeliest tokens will do")
    }
  }
}
