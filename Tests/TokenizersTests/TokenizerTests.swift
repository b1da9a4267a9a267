import Tensors
import Testing
import Tokenizers

/// What the interface promises beyond the recorded cases.
@Suite
struct TokenizerTests {
  @Test("Tokens have numbers and numbers have tokens") func vocabulary() throws {
    let tokenizer = try GoldenFamily.wordPiece.tokenizer()
    #expect(tokenizer.vocabularySize == 30522)
    #expect(tokenizer.tokenID("[CLS]") == 101)
    #expect(tokenizer.token(101) == "[CLS]")
    #expect(tokenizer.tokenID("no such token") == nil)
    #expect(tokenizer.token(-1) == nil)
    #expect(tokenizer.token(.max) == nil)
    #expect(
      try tokenizer.decode([101, -5, 999_999, 102], skipSpecialTokens: false) == "[CLS] [SEP]")
  }

  @Test("Huge numbers of tokens cost no memory") func sparseNumbers() throws {
    let file = """
      {"version":"1.0","model":{"type":"WordLevel","unk_token":"u","vocab":{"u":0,"a":2147483647}}}
      """
    let tokenizer = try Tokenizer(json: Array(file.utf8))
    #expect(tokenizer.tokenID("a") == 2_147_483_647)
    #expect(tokenizer.token(2_147_483_647) == "a")
    #expect(try tokenizer.encode("a").ids == [2_147_483_647])
  }

  @Test("Truncation and padding come from the file") func optionsOfFile() throws {
    let tokenizer = try Tokenizer(path: GoldenFamily.wordPiece.path)
    #expect(tokenizer.truncation == Truncation(maximumLength: 128))
    #expect(tokenizer.padding == Padding(length: .fixed(128)))
    let batch = try tokenizer.encodeBatch(["short", String(repeating: "long ", count: 500)])
    #expect(batch.inputIDs.shape == [2, 128])
    #expect(batch.lengths == [3, 128])
    #expect(batch.attentionMask.rows(0..<1).scalars.reduce(0, +) == 3)
  }

  @Test("Padding on either side, to multiples", arguments: [Direction.left, .right])
  func padding(_ direction: Direction) throws {
    var tokenizer = try GoldenFamily.wordPiece.tokenizer()
    tokenizer.padding = Padding(multiple: 8, direction: direction, id: 7, typeID: 2, token: "x")
    let batch = try tokenizer.encodeBatch(["a", "a b c"])
    #expect(batch.inputIDs.shape == [2, 8])
    let text: [Int64] = [101, 1037, 102]
    let filling = [Int64](repeating: 7, count: 5)
    let row = batch.inputIDs.rows(0..<1).scalars
    #expect(row == (direction == .left ? filling + text : text + filling))
    let single = try tokenizer.encode("a")
    #expect(single.ids.map { Int64($0) } == row)
    #expect(single.typeIDs.map { Int64($0) } == batch.tokenTypeIDs.rows(0..<1).scalars)
    #expect(single.specialTokensMask.reduce(0, +) == 7)
  }

  @Test("Truncation cuts either side and keeps what overflows")
  func truncation() throws {
    var tokenizer = try GoldenFamily.wordPiece.tokenizer()
    let whole = try tokenizer.encode("one two three four five six seven", addSpecialTokens: false)
    for direction in [Direction.left, .right] {
      tokenizer.truncation = Truncation(maximumLength: 5, stride: 1, direction: direction)
      let cut = try tokenizer.encode("one two three four five six seven")
      let kept = direction == .right ? whole.ids.prefix(3) : whole.ids.suffix(3)
      #expect(cut.ids == [101] + kept + [102])
      #expect(cut.overflowing.count == 2)
      #expect(cut.overflowing.allSatisfy { $0.ids.first == 101 && $0.ids.last == 102 })
      let batch = try tokenizer.encodeBatch(["one two three four five six seven"])
      #expect(batch.inputIDs.scalars.map { Int($0) } == cut.ids)
    }
  }

  @Test("No texts make an empty batch") func emptyBatch() throws {
    let batch = try GoldenFamily.unigram.tokenizer().encodeBatch([String]())
    #expect(batch.inputIDs.shape == [0, 0])
    #expect(batch.lengths.isEmpty)
  }

  @Test("Bytes that are not UTF-8 are repaired") func invalidUTF8() throws {
    let tokenizer = try GoldenFamily.byteLevel.tokenizer()
    let bytes: [UInt8] = [0x61, 0xFF, 0x62, 0xC3]
    let tensor = try StringTensor(offsets: [0, 4], bytes: bytes, shape: [1])
    let batch = try tokenizer.encodeBatch(tensor)
    #expect(batch.inputIDs == (try tokenizer.encodeBatch(["a\u{FFFD}b\u{FFFD}"])).inputIDs)
  }

  @Test("Many threads may use one tokenizer", arguments: GoldenFamily.allCases)
  func concurrency(_ family: GoldenFamily) async throws {
    let tokenizer = try family.tokenizer()
    let texts = try family.cases().prefix(60).map(\.text)
    let expected = try tokenizer.encodeBatch(texts).inputIDs
    try await withThrowingTaskGroup(of: Tensor<Int64>.self) { group in
      for _ in 0..<8 { group.addTask { try tokenizer.encodeBatch(texts).inputIDs } }
      for try await found in group { #expect(found == expected) }
    }
  }

  @Test("Long texts without a space take no quadratic time", arguments: GoldenFamily.allCases)
  func longTexts(_ family: GoldenFamily) throws {
    let tokenizer = try family.tokenizer()
    for unit in ["a", "ab", "the", "!", "é", "e\u{301}", "漢", "\u{301}", "'", "\n", "<"] {
      let text = String(repeating: unit, count: 8_000)
      let batch = try tokenizer.encodeBatch([text])
      #expect(batch.lengths[0] > 0 || unit == "\n" || unit == "\u{301}")
    }
  }
}
