import JSONText
import Tokenizers

/// What `tokenizer_config.json` says beyond `tokenizer.json`, and against it: the class that
/// transformers makes of both takes the former's settings.
struct TokenizerConfiguration: Sendable {
  /// What differs from `tokenizer.json`.
  private(set) var changes = TokenizerChanges()
  /// Where texts that are too long are cut, if the file says it.
  private(set) var truncationSide: Direction?
  private let file: ConfigurationFile?
  /// The class, without `Fast` at the end; empty if nothing names it.
  private let kind: String

  init(_ folder: ModelFolder) throws {
    file = try folder.optionalConfiguration("tokenizer_config.json")
    kind = try Self.kind(file, folder.configuration)
    guard let file else { return }
    try KnownEntries.tokenizer.check(file, model: folder.name)
    truncationSide = try file.read("truncation_side", "\"left\" or \"right\"") { value in
      switch value.string {
      case "left": .left
      case "right": .right
      default: nil
      }
    }
    if Self.bertKinds.contains(kind) {
      changes.bertCleaning = TokenizerChanges.BertCleaning(
        isolatesChinese: try file.boolean("tokenize_chinese_chars") ?? true,
        stripsAccents: try file.boolean("strip_accents"),
        lowercases: try file.boolean("do_lower_case") ?? !kind.hasPrefix("DPR"))
      changes.defaultTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    }
    if Self.bytePairKinds.contains(kind) {
      changes.addsPrefixSpace = try file.boolean("add_prefix_space") ?? false
    }
    let map = try folder.optionalConfiguration("special_tokens_map.json")
    changes.tokens = try Self.tokens(file, map)
  }

  /// Classes that clean texts as BERT does, by the settings of `tokenizer_config.json` or their own
  /// standards.
  private static let bertKinds: Set<String> = [
    "BertTokenizer", "ConvBertTokenizer", "DistilBertTokenizer", "DPRContextEncoderTokenizer",
    "DPRQuestionEncoderTokenizer", "DPRReaderTokenizer", "ElectraTokenizer", "FunnelTokenizer",
    "LayoutLMTokenizer", "LxmertTokenizer", "MPNetTokenizer", "MobileBertTokenizer",
    "RetriBertTokenizer", "SplinterTokenizer", "SqueezeBertTokenizer",
  ]

  /// Classes that split texts into bytes, and put a space before them if told.
  private static let bytePairKinds: Set<String> = [
    "BartTokenizer", "DebertaTokenizer", "GPT2Tokenizer", "LEDTokenizer", "LongformerTokenizer",
    "MvpTokenizer", "RobertaTokenizer",
  ]

  /// Other classes that may put texts in lower case.
  private static let otherKindsWithCase: Set<String> = [
    "AlbertTokenizer", "DebertaV2Tokenizer", "FNetTokenizer", "RemBertTokenizer",
    "RoFormerTokenizer", "SiglipTokenizer", "XLNetTokenizer",
  ]

  /// The class of models whose files name none.
  private static let kindsOfModels = [
    "bert": "BertTokenizer", "convbert": "BertTokenizer", "distilbert": "BertTokenizer",
    "electra": "BertTokenizer", "ernie": "BertTokenizer", "funnel": "FunnelTokenizer",
    "layoutlm": "BertTokenizer", "lxmert": "LxmertTokenizer", "megatron-bert": "BertTokenizer",
    "mobilebert": "MobileBertTokenizer", "mpnet": "MPNetTokenizer", "nezha": "BertTokenizer",
    "nomic_bert": "BertTokenizer", "splinter": "SplinterTokenizer",
    "squeezebert": "BertTokenizer",
  ]

  private static func kind(
    _ file: ConfigurationFile?, _ model: ConfigurationFile
  ) throws -> String {
    let named = try file?.text("tokenizer_class") ?? model.text("tokenizer_class")
    if let named {
      return named.hasSuffix("Fast") ? String(named.dropLast(4)) : named
    }
    return try model.text("model_type").flatMap { kindsOfModels[$0] } ?? ""
  }

  /// Tokens that are cut out of texts, by `added_tokens_decoder` and the names of special tokens.
  private static func tokens(
    _ file: ConfigurationFile, _ map: ConfigurationFile?
  ) throws -> [AddedToken] {
    var tokens: [AddedToken] = []
    let added = try file.object("added_tokens_decoder") ?? [:]
    let numbered = added.compactMap { id, token in Int(id).map { ($0, token) } }
    for (_, value) in numbered.sorted(by: { $0.0 < $1.0 }) {
      if let token = token(value) { tokens.append(token) }
    }
    let names = [
      "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]
    let extra = ["additional_special_tokens", "extra_special_tokens"].flatMap { key in
      let value = file[key] ?? map?[key]
      return value?.elements ?? value?.entries.map { Array($0.values) } ?? []
    }
    var known = Set(tokens.map(\.content.string))
    for value in names.compactMap({ file[$0] ?? map?[$0] }) + extra {
      guard let token = token(value), known.insert(token.content.string).inserted else { continue }
      tokens.append(token)
    }
    return tokens
  }

  /// A token written as its text, or as an object with its properties.
  private static func token(_ value: JSONValue) -> AddedToken? {
    if let text = value.string { return AddedToken(text) }
    guard let content = value["content"]?.string else { return nil }
    var token = AddedToken(content)
    token.isSingleWord = value["single_word"]?.boolean ?? false
    token.stripsLeft = value["lstrip"]?.boolean ?? false
    token.stripsRight = value["rstrip"]?.boolean ?? false
    token.isNormalized = value["normalized"]?.boolean ?? false
    token.isSpecial = value["special"]?.boolean ?? true
    return token
  }

  /// Whether generated texts lose the spaces before punctuation. Byte pairs have no such spaces.
  func cleansUp(_ tokenizer: Tokenizer) -> Bool {
    guard file?["clean_up_tokenization_spaces"]?.boolean == true else { return false }
    let forced = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
    return !tokenizer.isBytePairModel || file?[forced]?.boolean == true
  }

  /// Makes sure that `tokenizer.json` does what `tokenizer_config.json` says where it cannot be
  /// changed here.
  ///
  /// - Throws: ``TextPipelineError`` that names the entry.
  func check(_ tokenizer: Tokenizer, _ path: String, model: String) throws {
    guard let file else { return }
    func failure(_ key: String, _ fact: String) -> TextPipelineError {
      TextPipelineError(
        .invalidConfiguration,
        "\(file.path) sets \(key) to \(file[key]?.json ?? "null"), but \(path) \(fact). Save both "
          + "again with save_pretrained() of the tokenizer with these settings, or remove the entry",
        model: model)
    }
    if Self.otherKindsWithCase.contains(kind), let lowercases = try file.boolean("do_lower_case") {
      let doesSo = try !tokenizer.normalize("A").contains("A")
      if doesSo != lowercases {
        throw failure(
          "do_lower_case", doesSo ? "puts texts in lower case" : "does not put texts in lower case")
      }
    }
    var frame = tokenizer
    frame.truncation = nil
    frame.padding = nil
    let ids = Set(try frame.encode("").ids)
    func lacks(_ token: JSONValue?) -> Bool {
      guard let text = token.flatMap({ $0.string ?? $0["content"]?.string }),
        let id = tokenizer.tokenID(text)
      else { return false }
      return !ids.contains(id)
    }
    for (key, token) in [("add_bos_token", "bos_token"), ("add_eos_token", "eos_token")]
    where try file.boolean(key) == true && lacks(file[token]) {
      throw failure(key, "does not add it to texts")
    }
    if lacks(file["src_lang"]) { throw failure("src_lang", "does not mark texts with it") }
  }
}
