/// What a text was classified as.
public struct Classification: Sendable, Hashable, Codable {
  /// The label, as the model's `id2label` names it.
  public var label: String
  /// Its probability, or the model's plain output for a regression.
  public var score: Float

  public init(label: String, score: Float) {
    self.label = label
    self.score = score
  }
}

/// How a classifier's outputs become scores.
public enum ScoreFunction: String, Sendable, Hashable, Codable {
  /// The labels exclude each other; their scores add up to 1.
  case softmax
  /// Each label stands for itself.
  case sigmoid
  /// The outputs as they are.
  case none
}
