/// An output that a model has and that no column can hold, so that it is not computed.
public struct OmittedOutput: Sendable, Hashable, Codable {
  /// What the model calls it.
  public var name: String
  /// What it is: `a sparse tensor`.
  public var kind: String
  /// What to do about it, to follow a statement of what it is; empty if there is nothing.
  public var advice: String

  public init(name: String, kind: String, advice: String = "") {
    self.name = name
    self.kind = kind
    self.advice = advice
  }
}

extension OmittedOutput: CustomStringConvertible {
  /// `boxes is a sparse tensor, which no column can hold: export the model so that …`
  public var description: String {
    "\(name) is \(kind), which no column can hold" + (advice.isEmpty ? "" : ": \(advice)")
  }
}
