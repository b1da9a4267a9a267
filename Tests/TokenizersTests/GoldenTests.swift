import Tensors
import Testing
import Tokenizers

/// Against what Hugging Face's library made of the same texts.
@Suite
struct GoldenTests {
  @Test("Tokens, offsets and masks are equal", arguments: GoldenFamily.allCases)
  func encoding(_ family: GoldenFamily) throws {
    let tokenizer = try family.tokenizer()
    for expected in try family.cases() {
      var tokenizer = tokenizer
      if let length = expected.truncateTo {
        tokenizer.truncation = Truncation(maximumLength: length)
      }
      let found = try tokenizer.encode(expected.text, pair: expected.pair)
      let context: Comment = "case \(expected.id)"
      #expect(found.ids == expected.ids, context)
      #expect(
        found.tokens.map { Array($0.utf8) } == expected.tokens.map { Array($0.utf8) }, context)
      #expect(found.offsets.map { [$0.lowerBound, $0.upperBound] } == expected.offsets, context)
      #expect(found.typeIDs == expected.typeIDs, context)
      #expect(found.attentionMask == expected.attentionMask, context)
      #expect(found.specialTokensMask == expected.specialTokensMask, context)
      if let ids = expected.idsWithoutSpecial {
        let plain = try tokenizer.encode(
          expected.text, pair: expected.pair, addSpecialTokens: false)
        #expect(plain.ids == ids, context)
      }
      if let normalized = expected.normalized {
        #expect(
          try Array(tokenizer.normalize(expected.text).utf8) == Array(normalized.utf8), context)
      }
    }
  }

  @Test("Decoded texts are equal", arguments: GoldenFamily.allCases)
  func decoding(_ family: GoldenFamily) throws {
    let tokenizer = try family.tokenizer()
    for expected in try family.cases() {
      if let decoded = expected.decoded {
        #expect(try Array(tokenizer.decode(expected.ids).utf8) == Array(decoded.utf8))
      }
      if let decoded = expected.decodedWithSpecial {
        let found = try tokenizer.decode(expected.ids, skipSpecialTokens: false)
        #expect(Array(found.utf8) == Array(decoded.utf8))
      }
    }
  }

  @Test("Batches have the same tokens", arguments: GoldenFamily.allCases, [true, false])
  func batches(_ family: GoldenFamily, usesTensor: Bool) throws {
    let tokenizer = try family.tokenizer()
    let cases = try family.cases().filter { $0.pair == nil && $0.truncateTo == nil }
    let texts = cases.map(\.text)
    let batch =
      usesTensor
      ? try tokenizer.encodeBatch(StringTensor(texts)) : try tokenizer.encodeBatch(texts)
    let width = cases.map(\.ids.count).max() ?? 0
    #expect(batch.inputIDs.shape == [cases.count, width])
    #expect(batch.lengths == cases.map(\.ids.count))
    for (row, expected) in cases.enumerated() {
      let count = expected.ids.count
      let ids = batch.inputIDs.rows(row..<row + 1).scalars
      let mask = batch.attentionMask.rows(row..<row + 1).scalars
      #expect(ids.prefix(count).map { Int($0) } == expected.ids)
      #expect(ids.dropFirst(count).allSatisfy { $0 == 0 })
      #expect(
        mask.prefix(count).allSatisfy { $0 == 1 } && mask.dropFirst(count).allSatisfy { $0 == 0 })
      let types = batch.tokenTypeIDs.rows(row..<row + 1).scalars
      #expect(types.prefix(count).map { Int($0) } == expected.typeIDs)
    }
  }

  @Test("Truncated batches have the same tokens", arguments: GoldenFamily.allCases)
  func truncatedBatches(_ family: GoldenFamily) throws {
    for expected in try family.cases() where expected.pair == nil {
      guard let length = expected.truncateTo else { continue }
      var tokenizer = try family.tokenizer()
      tokenizer.truncation = Truncation(maximumLength: length)
      let batch = try tokenizer.encodeBatch([expected.text])
      #expect(batch.inputIDs.scalars.map { Int($0) } == expected.ids)
    }
  }

  @Test("All cases are there", arguments: GoldenFamily.allCases)
  func completeness(_ family: GoldenFamily) throws {
    #expect(try family.cases().count > 300)
  }
}
