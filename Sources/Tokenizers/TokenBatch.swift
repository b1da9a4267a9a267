public import Tensors

/// Texts as a model takes them: a row of tokens for each, padded to one length.
public struct TokenBatch: Sendable {
  /// The numbers of the tokens, of shape [texts, length].
  public var inputIDs: Tensor<Int64>
  /// 1 for tokens, 0 for padding; of shape [texts, length].
  public var attentionMask: Tensor<Int64>
  /// Which text of a pair a token belongs to, as the template says; of shape [texts, length].
  public var tokenTypeIDs: Tensor<Int64>
  /// The number of tokens of each text, special ones included and padding not.
  public var lengths: [Int]

  public init(
    inputIDs: Tensor<Int64>, attentionMask: Tensor<Int64>, tokenTypeIDs: Tensor<Int64>,
    lengths: [Int]
  ) {
    self.inputIDs = inputIDs
    self.attentionMask = attentionMask
    self.tokenTypeIDs = tokenTypeIDs
    self.lengths = lengths
  }
}
