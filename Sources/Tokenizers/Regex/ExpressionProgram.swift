struct ExpressionProgram: Sendable {}
enum ExpressionCompiler {
  static func compile(_ text: String) throws(TokenizerError) -> ExpressionProgram {
    if KnownExpression(text) != nil { return ExpressionProgram() }
    throw TokenizerError(.unsupported, "unknown expression")
  }
}
struct ExpressionMatcher {
  init(_ program: ExpressionProgram, _ text: UnsafeBufferPointer<UInt8>) {}
  mutating func match(at: Int) throws(TokenizerError) -> Int? { nil }
}
