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
    func integer(_ key: String) throws -> Int? {
      try specific.integer(key) ?? own.integer(key)
    }
    func double(_ key: String) throws -> Double? {
      try specific.double(key) ?? own.double(key)
    }
    func integers(_ key: String) throws -> [Int]? {
      try specific.integers(key) ?? own.integers(key)
    }
    /// A special token, which `config.json` may hold alone.
    func tokens(_ key: String) throws -> [Int]? {
      try own.integers(key) ?? model.integers(key)
    }

    endTokens = Set(try tokens("eos_token_id") ?? [])
    guard
      let start = try tokens("decoder_start_token_id")?.first ?? tokens("bos_token_id")?.first
    else {
      throw TextPipelineError(
        .invalidConfiguration,
        "neither \(own.path) nor config.json has decoder_start_token_id, the token with which a "
          + "result begins",
        model: folder.path)
    }
    startToken = start
    paddingToken = try tokens("pad_token_id")?.first ?? endTokens.min() ?? 0
    if let new = try options.maxNewTokens
      ?? (options.maxLength == nil ? integer("max_new_tokens") : nil)
    {
      maxLength = new &+ 1
    } else {
      // Without a limit, transformers generates 20 tokens.
      maxLength = try options.maxLength ?? integer("max_length") ?? 21
    }
    if let new = try options.minNewTokens
      ?? (options.minLength == nil ? integer("min_new_tokens") : nil)
    {
      minLength = new &+ 1
    } else {
      minLength = try options.minLength ?? integer("min_length") ?? 0
    }
    beams = try options.beams ?? integer("num_beams") ?? 1
    lengthPenalty = try options.lengthPenalty ?? double("length_penalty") ?? 1
    let stopping = try (specific["early_stopping"] == nil ? own : specific)
      .read("early_stopping", "true, false or \"never\"", Self.earlyStopping)
    earlyStopping = options.earlyStopping ?? stopping ?? .heuristic
    noRepeatNGramSize = try options.noRepeatNGramSize ?? integer("no_repeat_ngram_size") ?? 0
    repetitionPenalty = try options.repetitionPenalty ?? double("repetition_penalty") ?? 1
    let words = try own.read("bad_words_ids", "a list of lists of ids") { value -> [[Int]]? in
      guard let lists = value.list else { return nil }
      let words = lists.compactMap(\.integers)
      return words.count == lists.count ? words : nil
    }
    badWords = options.badWords ?? words ?? []
    suppressedTokens = try integers("suppress_tokens") ?? []
    suppressedFirstTokens = try integers("begin_suppress_tokens") ?? []
    forcedFirstToken = try options.forcedFirstToken ?? tokens("forced_bos_token_id")?.first
    forcedLastTokens = try tokens("forced_eos_token_id") ?? []
    try check(own, folder, options)
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
    _ file: ConfigurationFile, _ folder: ModelFolder, _ options: GenerationOptions
  ) throws {
    guard (1...Self.mostTokens).contains(maxLength), minLength >= 0,
      (1...Self.mostBeams).contains(beams),
      noRepeatNGramSize >= 0, repetitionPenalty > 0,
      lengthPenalty.isFinite, badWords.allSatisfy({ !$0.isEmpty })
    else {
      throw TextPipelineError(
        .invalidOption,
        "maxLength (\(maxLength), at most \(Self.mostTokens)), beams (\(beams), at most "
          + "\(Self.mostBeams)) and repetitionPenalty (\(repetitionPenalty)) must be positive, minLength (\(minLength)) and noRepeatNGramSize "
          + "(\(noRepeatNGramSize)) not negative, and bad words not empty",
        model: folder.path)
    }
    if !options.ignoresSampling, try file.boolean("do_sample") ?? false {
      throw TextPipelineError(
        .unsupportedModel,
        "\(file.path) asks for random sampling (do_sample), which is not done here; set "
          + "ignoresSampling in the options to take the likeliest tokens",
        model: folder.path)
    }
    if try file.integer("num_beam_groups") ?? 1 > 1 {
      throw TextPipelineError(
        .unsupportedModel,
        "\(file.path) asks for groups of beams (num_beam_groups), which are not "
          + "supported; set it to 1", model: folder.path)
    }
  }
}
