import Tensors

/// What the rules of a generation look at in a source text: its tokens, without padding.
struct SourceTokens: Sendable {
  private(set) var ids: Set<Int> = []
  /// The tokens that follow each sequence of `ngramSize` - 1 tokens.
  private var followers: [[Int]: [Int]] = [:]

  /// No tokens, for rules that do not look at them.
  init() {}

  init(_ tokens: [Int], ngramSize: Int) {
    ids = Set(tokens)
    guard ngramSize > 0, tokens.count >= ngramSize else { return }
    for end in ngramSize - 1..<tokens.count {
      followers[Array(tokens[end - ngramSize + 1..<end]), default: []].append(tokens[end])
    }
  }

  /// The tokens that follow `prefix` in the source.
  func followers(of prefix: some Sequence<Int>) -> [Int] { followers[Array(prefix)] ?? [] }

  /// The rows of a batch.
  static func rows(_ source: TokenMatrix, ngramSize: Int) -> [SourceTokens] {
    let (rows, width) = (source.ids.rowCount, source.ids.rowStride)
    return source.ids.withUnsafeBufferPointer { ids in
      source.mask.withUnsafeBufferPointer { mask in
        (0..<rows).map { row in
          let places = (row * width..<(row + 1) * width).filter { mask[$0] != 0 }
          return SourceTokens(places.map { Int(ids[$0]) }, ngramSize: ngramSize)
        }
      }
    }
  }
}
