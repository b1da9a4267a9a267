import Tensors
import Testing

@testable import TextPipelines

@Suite("Rows of tokens")
struct TokenRowsTests {
  private func rows(_ lengths: [Int]) -> TokenRows {
    TokenRows(lengths.enumerated().map { row, length in Array(repeating: row + 1, count: length) })
  }

  struct Cut: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var lengths: [Int]
    var size = 32
    var tokens = Int.max
    var likeness = 0.0
    var expected: [[Int]]
  }

  static let cuts = [
    Cut(testDescription: "none", lengths: [], expected: []),
    Cut(testDescription: "longest first", lengths: [2, 9, 5], expected: [[1, 2, 0]]),
    Cut(
      testDescription: "equals in order", lengths: [3, 3, 3], size: 2, expected: [[0, 1], [2]]),
    Cut(testDescription: "size 1", lengths: [1, 2], size: 1, expected: [[1], [0]]),
    Cut(
      testDescription: "unlike lengths", lengths: [100, 10, 80, 74, 9], likeness: 0.75,
      expected: [[0, 2], [3], [1, 4]]),
    Cut(
      testDescription: "a little padding is free", lengths: [8, 4, 3], likeness: 0.75,
      expected: [[0, 1], [2]]),
    Cut(
      testDescription: "tokens", lengths: [40, 40, 40, 10, 10], tokens: 100,
      expected: [[0, 1], [2, 3], [4]]),
    Cut(testDescription: "one long row", lengths: [200], tokens: 100, expected: [[0]]),
    Cut(testDescription: "empty rows", lengths: [0, 0, 1], likeness: 0.75, expected: [[2, 0, 1]]),
  ]

  @Test(arguments: cuts) func batches(_ cut: Cut) {
    let batches = rows(cut.lengths).batches(
      of: cut.size, tokens: cut.tokens, likeness: cut.likeness)
    #expect(batches.map(Array.init) == cut.expected)
  }

  @Test func padding() throws {
    let matrix = rows([1, 3, 0]).padded([1, 0, 2], padding: 7)
    #expect(matrix.ids == (try Tensor([2, 2, 2, 1, 7, 7, 7, 7, 7], shape: [3, 3])))
    #expect(matrix.mask == (try Tensor([1, 1, 1, 1, 0, 0, 0, 0, 0], shape: [3, 3])))
    // Rows that only fill up a fixed batch keep one token: a row without any gives NaN.
    let fixed = rows([1, 2]).padded([1], padding: 0, height: 2, width: 3)
    #expect(fixed.ids == (try Tensor([2, 2, 0, 0, 0, 0], shape: [2, 3])))
    #expect(fixed.mask == (try Tensor([1, 1, 0, 1, 0, 0], shape: [2, 3])))
  }

  @Test func poolingOfNoTokens() {
    for mode in SentencePooling.allCases {
      let values = withUnsafeTemporaryAllocation(of: Float.self, capacity: 3) { output in
        mode.pool(UnsafeBufferPointer(start: nil, count: 0), into: output)
        return Array(output)
      }
      #expect(values == [0, 0, 0])
    }
  }
}
