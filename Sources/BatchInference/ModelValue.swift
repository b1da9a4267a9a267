import Tensors

/// What a model gives under one name.
public enum ModelValue: Sendable, Equatable {
  case tensor(AnyTensor)
  /// A map of names to numbers for each row.
  case maps(MapRows)
}

/// An output that a model has and that no column can hold, so that it is not computed.
public struct OmittedOutput: Sendable, Hashable, Codable {
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

extension Model {
  public var mapOutputs: [String] { [] }
  public var omittedOutputs: [OmittedOutput] { [] }

  public func runValues(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: ModelValue] {
    try await run(inputs, outputs: outputNames).mapValues { .tensor($0) }
  }
}
