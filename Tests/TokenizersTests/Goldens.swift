import Foundation
import Testing
import Tokenizers

/// A text and what the `tokenizers` library 0.23.3 makes of it.
struct GoldenCase: Decodable {
  var id: Int
  var text: String
  var pair: String?
  var truncateTo: Int?
  var ids: [Int]
  var tokens: [String]
  var offsets: [[Int]]
  var typeIDs: [Int]
  var attentionMask: [Int]
  var specialTokensMask: [Int]
  var idsWithoutSpecial: [Int]?
  var normalized: String?
  var decoded: String?
  var decodedWithSpecial: String?

  private enum CodingKeys: String, CodingKey {
    case id, text, pair, ids, tokens, offsets, normalized
    case truncateTo = "truncate_to"
    case typeIDs = "type_ids"
    case attentionMask = "attention_mask"
    case specialTokensMask = "special_tokens_mask"
    case idsWithoutSpecial = "ids_no_special"
    case decoded = "decode"
    case decodedWithSpecial = "decode_with_special"
  }
}

/// A recorded tokenizer and its cases.
enum GoldenFamily: String, CaseIterable, CustomTestStringConvertible {
  case wordPiece = "wordpiece_minilm"
  case unigram = "unigram_t5"
  case byteLevel = "bpe_bytelevel"
  case byteFallback = "bpe_bytefallback"

  var testDescription: String { rawValue }

  private var folder: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Goldens/Tokenizers/\(rawValue)")
  }

  var path: String { folder.appendingPathComponent("tokenizer.json").path }

  /// The tokenizer without the truncation and padding of its file, as the cases were recorded.
  func tokenizer() throws -> Tokenizer {
    var tokenizer = try Tokenizer(path: path)
    tokenizer.truncation = nil
    tokenizer.padding = nil
    return tokenizer
  }

  func cases() throws -> [GoldenCase] {
    let data = try Data(contentsOf: folder.appendingPathComponent("cases.jsonl"))
    return try data.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(GoldenCase.self, from: $0)
    }
  }
}
