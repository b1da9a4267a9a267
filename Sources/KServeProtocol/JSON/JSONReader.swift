public import JSONText

/// Reads messages as Triton does: NaN and infinities have words, and what is wrong is an internal failure.
typealias JSONReader = JSONScanner<KServeError>

extension JSONReader {
  init(_ bytes: UnsafeRawBufferPointer) {
    self.init(bytes, rules: JSONRules(maximumDepth: 64, isLenient: true))
  }

  /// A string, or nothing for null.
  mutating func optionalString() throws(KServeError) -> String {
    try takeNull() ? "" : try string()
  }
}

extension KServeError: JSONFailure {
  /// What is wrong with a message in JSON.
  public init(json message: String, byte: Int) {
    self.init(.internal, "the JSON text is damaged at byte \(byte): \(message)")
  }
}
