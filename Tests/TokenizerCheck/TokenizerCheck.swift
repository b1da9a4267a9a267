import Foundation
import Tensors
import Tokenizers

/// Answers commands about a tokenizer, a JSON object a line each, for
/// `scripts/checks/tokenizers.py`; with `benchmark FILE TEXTS` it measures batch encoding.
@main
struct TokenizerCheck {
  /// One of: `config` (the text of a tokenizer file), `text` with `pair`, `decode`, `batch`.
  struct Command: Decodable {
    var config: String?
    var text: String?
    var pair: String?
    var special: Bool?
    var decode: [Int]?
    var skip: Bool?
    var batch: [String]?
  }

  private var tokenizer: Tokenizer?

  static func main() throws {
    if CommandLine.arguments.count == 4, CommandLine.arguments[1] == "benchmark" {
      return try benchmark(CommandLine.arguments[2], CommandLine.arguments[3])
    }
    var check = TokenizerCheck()
    let decoder = JSONDecoder()
    while let line = readLine() {
      var answer: String
      do {
        answer = try check.answer(try decoder.decode(Command.self, from: Data(line.utf8)))
      } catch {
        answer = "{\"error\":\(quoted("\(error)"))}"
      }
      answer += "\n"
      try FileHandle.standardOutput.write(contentsOf: Data(answer.utf8))
    }
  }

  private mutating func answer(_ command: Command) throws -> String {
    if let config = command.config {
      tokenizer = nil
      let loaded = try Tokenizer(json: Array(config.utf8))
      tokenizer = loaded
      return "{\"size\":\(loaded.vocabularySize)}"
    }
    guard let tokenizer else { return "{\"error\":\"nothing is loaded\"}" }
    let special = command.special ?? true
    if let text = command.text {
      let encoding = try tokenizer.encode(text, pair: command.pair, addSpecialTokens: special)
      let normalized = Self.quoted(try tokenizer.normalize(text))
      return Self.describe(encoding, "\"normalized\":\(normalized),")
    }
    if let ids = command.decode {
      let text = try tokenizer.decode(ids, skipSpecialTokens: command.skip ?? true)
      return "{\"text\":\(Self.quoted(text))}"
    }
    let texts = command.batch ?? []
    let batch = try tokenizer.encodeBatch(try StringTensor(texts), addSpecialTokens: special)
    let same = try tokenizer.encodeBatch(texts, addSpecialTokens: special)
    guard same.inputIDs == batch.inputIDs else { return "{\"error\":\"batches differ\"}" }
    return "{\"ids\":\(batch.inputIDs.scalars),\"mask\":\(batch.attentionMask.scalars),"
      + "\"types\":\(batch.tokenTypeIDs.scalars)}"
  }

  private static func describe(_ encoding: Encoding, _ more: String = "") -> String {
    let tokens = encoding.tokens.map(quoted).joined(separator: ",")
    let offsets = encoding.offsets.map { "[\($0.lowerBound),\($0.upperBound)]" }
    let words = encoding.wordIDs.map { $0.map(String.init) ?? "null" }
    let overflow = encoding.overflowing.map { describe($0) }
    return
      "{\(more)\"ids\":\(encoding.ids),\"tokens\":[\(tokens)],\"type_ids\":\(encoding.typeIDs),"
      + "\"offsets\":[\(offsets.joined(separator: ","))],"
      + "\"attention_mask\":\(encoding.attentionMask),"
      + "\"special_tokens_mask\":\(encoding.specialTokensMask),"
      + "\"word_ids\":[\(words.joined(separator: ","))],"
      + "\"overflowing\":[\(overflow.joined(separator: ","))]}"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Encodes the lines of a file in batches of 1000, five times, and prints the best time.
  private static func benchmark(_ file: String, _ textFile: String) throws {
    var tokenizer = try Tokenizer(path: file)
    tokenizer.truncation = nil
    tokenizer.padding = nil
    let lines = try String(contentsOfFile: textFile, encoding: .utf8).split(separator: "\n")
    var batches: [StringTensor] = []
    for start in stride(from: 0, to: lines.count, by: 1000) {
      batches.append(
        try StringTensor(lines[start..<min(start + 1000, lines.count)].map { String($0) }))
    }
    let bytes = batches.reduce(0) { $0 + $1.bytes.count }
    var best = Duration.seconds(3600)
    var tokens = 0
    for _ in 0..<5 {
      tokens = 0
      let start = ContinuousClock.now
      for batch in batches { tokens += try tokenizer.encodeBatch(batch).lengths.reduce(0, +) }
      best = min(best, ContinuousClock.now - start)
    }
    let seconds = best / .seconds(1)
    print("\(seconds) s, \(Double(bytes) / seconds / 1e6) MB/s, \(tokens) tokens")
  }
}
