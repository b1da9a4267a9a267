import Foundation
import JSONText
import Testing

@testable import TextPipelines

/// Settings of `generation_config.json`, many of them together, as transformers' generate() takes
/// them; `make_settings.py` wrote the answers.
@Suite("Settings of generations", .needsRuntime)
struct SettingsTests {
  static let golden: GenerationGolden? = {
    do { return try Files.golden("settings") } catch {
      Issue.record("settings.json cannot be read: \(error)")
      return nil
    }
  }()

  @Test(arguments: golden?.cases ?? [])
  func together(_ expected: GenerationGolden.Case) async throws {
    let golden = try #require(Self.golden)
    let folder = try DecoderFiles.pair.folder(expected.settings)
    let generator = try SequenceGenerator(path: folder.path)
    let results = try await generator.generate(TokenRows(golden.rows))
    for (row, result) in results.enumerated() {
      #expect(result.ids == expected.ids[row], "row \(row)")
    }
    let scores = results.compactMap(\.score)
    if expected.scores.count == golden.rows.count {
      #expect(isClose(scores, expected.scores, absolute: 1e-4, relative: 1e-4))
    }
  }

  /// The settings may also come from the task's entries, which are checked as well.
  @Test func settingsOfATask() async throws {
    let golden = try #require(Self.golden)
    let expected = try #require(
      golden.cases.first { $0.settings["sequence_bias"] != nil && $0.settings.count == 3 })
    let folder = try FolderCopy(of: Files.model("sequence"))
    try folder.change(
      "config.json", ["task_specific_params": .object(["biased": .object(expected.settings)])])
    let generator = try SequenceGenerator(path: folder.path, task: "biased")
    let results = try await generator.generate(TokenRows(golden.rows))
    #expect(results.map(\.ids) == expected.ids)
    try folder.change(
      "config.json",
      ["task_specific_params": .object(["guided": .object(["guidance_scale": .number(2)])])])
    let error = #expect(throws: TextPipelineError.self) {
      try SequenceGenerator(path: folder.path, task: "guided")
    }
    #expect(error?.message.contains("guidance_scale to 2") == true)
  }

  /// Settings that are refused by name, and values of them that ask for nothing.
  @Test(arguments: [
    ("guidance_scale", "1.5", "1"), ("num_return_sequences", "2", "1"),
    ("penalty_alpha", "0.6", "0"), ("stop_strings", #"["a"]"#, "[]"), ("max_time", "1.5", "null"),
    ("num_beam_groups", "2", "1"), ("force_words_ids", "[[5]]", "null"),
    ("constraints", "[1]", "[]"), ("dola_layers", #""high""#, "null"),
    ("watermarking_config", #"{"bias": 2.5}"#, "null"), ("token_healing", "true", "false"),
    ("forced_decoder_ids", "[[1, 5]]", "[]"), ("is_assistant", "true", "false"),
  ]) func refused(_ key: String, _ value: String, _ harmless: String) async throws {
    func load(_ value: String) throws -> SequenceGenerator {
      let folder = try FolderCopy(of: Files.model("sequence"))
      let json = try JSONDecoder().decode(
        [String: JSONValue].self, from: Data("{\"\(key)\": \(value)}".utf8))
      try folder.change("generation_config.json", json)
      return try SequenceGenerator(path: folder.path)
    }
    let error = #expect(throws: TextPipelineError.self) { _ = try load(value) }
    #expect(error?.code == .unsupportedModel)
    #expect(error?.message.contains("generation_config.json sets \(key)") == true)
    _ = try load(harmless)
  }

  /// Contrastive search is a kind of greedy search; with beams the reference does not look at it.
  @Test func penaltyOfBeams() throws {
    let folder = try FolderCopy(of: Files.model("sequence"))
    try folder.change(
      "generation_config.json", ["penalty_alpha": .number(0.6), "num_beams": .number(2)])
    _ = try SequenceGenerator(path: folder.path)
    try folder.change("generation_config.json", ["num_beams": .null, "top_k": .number(1)])
    _ = try SequenceGenerator(path: folder.path)
  }

  /// Values that make no sense.
  @Test(arguments: [
    ("sequence_bias", #"{"5": 1}"#, "a list of pairs"), ("sequence_bias", "[[[-1], 2]]", "pairs"),
    ("sequence_bias", "[[[4000], 2]]", "token 4000"), ("bad_words_ids", "[5]", "a list of lists"),
    ("exponential_decay_length_penalty", "[1]", "[15, 1.6]"),
    ("encoder_repetition_penalty", "0", "must be positive"),
    ("encoder_no_repeat_ngram_size", "-1", "not negative"),
    ("decoder_start_token_id", "[0, 3]", "one token"),
    ("forced_bos_token_id", "[4, 5]", "one token"),
  ]) func senseless(_ key: String, _ value: String, _ text: String) throws {
    let folder = try FolderCopy(of: Files.model("sequence"))
    let json = try JSONDecoder().decode(
      [String: JSONValue].self, from: Data("{\"\(key)\": \(value)}".utf8))
    try folder.change("generation_config.json", json)
    let error = #expect(throws: TextPipelineError.self) { try SequenceGenerator(path: folder.path) }
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
  }

  /// The end token wins at once where it was favoured from long before the beginning.
  @Test func decayFromFarBefore() async throws {
    let golden = try #require(SequenceTests.golden)
    let folder = try FolderCopy(of: Files.model("sequence"))
    try folder.change(
      "generation_config.json",
      ["exponential_decay_length_penalty": .array([.number(-0x1p63), .number(1.5)])])
    let generator = try SequenceGenerator(path: folder.path)
    let results = try await generator.generate(TokenRows(golden.rows))
    #expect(results.allSatisfy { $0.ids.count == 2 })
  }

  /// Special tokens that only `config.json` has force nothing, as in transformers.
  @Test func forcedTokensOfTheConfiguration() async throws {
    let golden = try #require(SequenceTests.golden)
    let folder = try FolderCopy(of: Files.model("sequence"))
    try folder.change("config.json", ["forced_bos_token_id": .number(9)])
    let generator = try SequenceGenerator(path: folder.path)
    let results = try await generator.generate(TokenRows(golden.rows))
    #expect(results.map(\.ids) == golden.cases[0].ids)
  }

  @Test func spacesOfTokens() async throws {
    let golden = try #require(SequenceTests.golden)
    let folder = try FolderCopy(of: Files.model("sequence"))
    let plain = try await SequenceGenerator(path: folder.path).generate(golden.inputs)
    try folder.change("tokenizer_config.json", ["clean_up_tokenization_spaces": .bool(true)])
    let cleaned = try await SequenceGenerator(path: folder.path).generate(golden.inputs)
    var expected = plain
    for (old, new) in [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
      (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ] {
      expected = expected.map { $0.replacingOccurrences(of: old, with: new) }
    }
    #expect(cleaned == expected)
  }
}
