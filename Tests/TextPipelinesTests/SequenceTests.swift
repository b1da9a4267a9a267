import Foundation
import JSONText
import ONNXRuntime
import Tensors
import Testing

@testable import TextPipelines

/// Answers of transformers' `generate()`, as `make_models.py` wrote them.
struct GenerationGolden: Decodable {
  struct Case: Decodable, CustomTestStringConvertible {
    var settings: [String: JSONValue]
    var ids: [[Int]]
    var scores: [Float]
    var texts: [String]

    var testDescription: String {
      settings.isEmpty
        ? "defaults" : settings.map { "\($0): \($1)" }.sorted().joined(separator: ", ")
    }
  }

  var inputs: [String]
  var rows: [[Int]]
  var cases: [Case]
  var shout: [String]?
}

/// The ways in which a decoder's files may be cut.
enum DecoderFiles: String, CaseIterable {
  case pair, merged, withoutPast

  func folder(_ settings: [String: JSONValue] = [:]) throws -> FolderCopy {
    let folder = try FolderCopy(of: Files.model("sequence"))
    switch self {
    case .pair: try folder.remove("decoder_model_merged.onnx")
    case .merged:
      try folder.remove("decoder_model.onnx")
      try folder.remove("decoder_with_past_model.onnx")
    case .withoutPast:
      try folder.remove("decoder_model_merged.onnx")
      try folder.remove("decoder_with_past_model.onnx")
    }
    var settings = settings
    if settings["eos_token_id"] != nil { settings["_from_model_config"] = .bool(false) }
    try folder.change("generation_config.json", settings)
    return folder
  }
}

@Suite("Sequence to sequence", .needsRuntime)
struct SequenceTests {
  static let golden: GenerationGolden? = {
    do { return try Files.golden("sequence") } catch {
      Issue.record("sequence.json cannot be read: \(error)")
      return nil
    }
  }()
  static var cases: [GenerationGolden.Case] { golden?.cases ?? [] }

  private func check(
    _ generator: SequenceGenerator, _ expected: GenerationGolden.Case, _ size: Int
  ) async throws {
    let rows = try #require(Self.golden?.rows)
    let results = try await generator.generate(TokenRows(rows))
    for (row, result) in results.enumerated() {
      #expect(result.ids == expected.ids[row], "row \(row), batches of \(size)")
    }
    let scores = results.compactMap(\.score)
    // A beam that ended at once has no score in transformers' sense.
    if expected.scores.count == rows.count, expected.settings["max_length"]?.wholeNumber != 1 {
      #expect(isClose(scores, expected.scores, absolute: 1e-4, relative: 1e-4))
    }
  }

  @Test(arguments: cases, [1, 3, 8])
  func settings(_ expected: GenerationGolden.Case, _ size: Int) async throws {
    let folder = try DecoderFiles.pair.folder(expected.settings)
    let generator = try SequenceGenerator(
      path: folder.path, options: TextPipelineOptions(batchSize: size))
    try await check(generator, expected, size)
  }

  @Test(arguments: DecoderFiles.allCases, [0, 17, 20])
  func decoderFiles(_ files: DecoderFiles, _ position: Int) async throws {
    let expected = try #require(Self.cases.dropFirst(position).first)
    let folder = try files.folder(expected.settings)
    let generator = try SequenceGenerator(
      path: folder.path, options: TextPipelineOptions(batchSize: 4))
    try await check(generator, expected, 4)
  }

  @Test func optionsAsJSON() throws {
    func options(_ json: String) throws -> GenerationOptions {
      try JSONDecoder().decode(GenerationOptions.self, from: Data(json.utf8))
    }
    #expect(try options("{}") == GenerationOptions())
    var some = GenerationOptions(maxLength: 9, lengthPenalty: 0.5, earlyStopping: .whenFull)
    #expect(
      try options(#"{"maxLength": 9, "lengthPenalty": 0.5, "earlyStopping": "whenFull"}"#) == some)
    some.badWords = [[1, 2]]
    some.ignoresSampling = true
    let encoded = String(decoding: try JSONEncoder().encode(some), as: UTF8.self)
    #expect(try options(encoded) == some)
    #expect(throws: DecodingError.self) { try options(#"{"maxLength": "many"}"#) }
  }

  @Test func optionsGoBeforeFiles() async throws {
    func expected(_ key: String, _ value: JSONValue) throws -> GenerationGolden.Case {
      try #require(Self.cases.first { $0.settings == [key: value] })
    }
    for (options, expected) in [
      (GenerationOptions(maxLength: 5), try expected("max_length", .number(5))),
      (GenerationOptions(maxNewTokens: 6), try expected("max_new_tokens", .number(6))),
      (GenerationOptions(minLength: 8), try expected("min_length", .number(8))),
      (GenerationOptions(minNewTokens: 6), try expected("min_new_tokens", .number(6))),
      (GenerationOptions(beams: 4), try expected("num_beams", .number(4))),
      (
        GenerationOptions(noRepeatNGramSize: 2),
        try expected("no_repeat_ngram_size", .number(2))
      ),
      (
        GenerationOptions(repetitionPenalty: 1.7),
        try expected("repetition_penalty", .number(1.7))
      ),
      (
        GenerationOptions(forcedFirstToken: 9),
        try expected("forced_bos_token_id", .number(9))
      ),
    ] {
      let generator = try SequenceGenerator(path: Files.model("sequence"), generation: options)
      try await check(generator, expected, 32)
    }
  }

  @Test func noRows() async throws {
    let generator = try SequenceGenerator(path: Files.model("sequence"))
    #expect(try await generator.generate(TokenRows()).isEmpty)
    #expect(try await generator.generate([String]()).isEmpty)
  }

  @Test func texts() async throws {
    let golden = try #require(Self.golden)
    for expected in [golden.cases[0], golden.cases[17]] {
      let folder = try DecoderFiles.pair.folder(expected.settings)
      let generator = try SequenceGenerator(path: folder.path)
      #expect(try await generator.generate(golden.inputs) == expected.texts)
    }
  }

  @Test func task() async throws {
    let golden = try #require(Self.golden)
    let generator = try SequenceGenerator(path: Files.model("sequence"), task: "shout")
    #expect(generator.prefix == "we love ")
    #expect(try await generator.generate(golden.inputs) == golden.shout)
    let error = #expect(throws: TextPipelineError.self) {
      try SequenceGenerator(path: Files.model("sequence"), task: "whisper")
    }
    #expect(error?.message.contains("has no task whisper; it has shout") == true)
  }

  /// The signatures of a SavedModel have `_` in names where ONNX files have dots.
  @Test func otherRuntimes() async throws {
    let expected = try #require(Self.cases.dropFirst(17).first)
    let folder = Files.model("sequence")
    func part(_ file: String) throws -> RenamedModel {
      .signature(try ONNXSession(path: "\(folder)/\(file)"))
    }
    let model = try EncoderDecoder(
      encoder: try part("encoder_model.onnx"), decoder: try part("decoder_model.onnx"),
      decoderWithPast: try part("decoder_with_past_model.onnx"), name: "signatures")
    let generator = try SequenceGenerator(
      path: folder, model: model, generation: GenerationOptions(beams: 4))
    try await check(generator, expected, 32)
  }
}

@Suite(
  "Translation",
  .needsModel(
    Files.example("TranslationTorch/model/encoder_model.onnx"),
    "Examples/TranslationTorch/train.py makes it"))
struct TranslationTests {
  static let folder = Files.example("TranslationTorch/model")
  static let golden = try? Files.golden("translation", as: GenerationGolden.self)

  @Test(arguments: golden?.cases ?? [], [1, 32])
  func tokens(_ expected: GenerationGolden.Case, _ size: Int) async throws {
    let settings = expected.settings
    // A slow build takes long over each row by itself; a third of them is enough.
    let step = size == 1 ? 3 : 1
    let all = try #require(Self.golden?.rows)
    let chosen = Array(stride(from: 0, to: all.count, by: step))
    let rows = chosen.map { all[$0] }
    let isPlain = settings["early_stopping"] == nil
    let generator = try SequenceGenerator(
      path: Self.folder,
      generation: GenerationOptions(
        maxLength: settings["max_length"]?.wholeNumber, beams: settings["num_beams"]?.wholeNumber,
        lengthPenalty: settings["length_penalty"]?.double,
        earlyStopping: isPlain ? nil : .whenFull,
        noRepeatNGramSize: settings["no_repeat_ngram_size"]?.wholeNumber),
      options: TextPipelineOptions(batchSize: size))
    let results = try await generator.generate(TokenRows(rows))
    let equal = zip(results, chosen).count { $0.ids == expected.ids[$1] }
    let isGreedy = settings["num_beams"]?.wholeNumber == 1
    // In a beam search two texts may be equally good but for rounding.
    #expect(isGreedy ? equal == rows.count : equal * 100 >= rows.count * 99)
  }

  @Test func texts() async throws {
    let golden = try #require(Self.golden)
    let generator = try SequenceGenerator(path: Self.folder)
    #expect(try await generator.generate(golden.inputs) == golden.cases[0].texts)
  }

  @Test func prefixOfATask() async throws {
    let golden = try #require(Self.golden)
    let prefix = "translate English to German: "
    let position = try #require(golden.inputs.firstIndex { $0.hasPrefix(prefix) })
    let text = String(golden.inputs[position].dropFirst(prefix.count))
    let generator = try SequenceGenerator(path: Self.folder, task: "translation_en_to_de")
    #expect(try await generator.generate([text]) == [golden.cases[0].texts[position]])
  }
}
