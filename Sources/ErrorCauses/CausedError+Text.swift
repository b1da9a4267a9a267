extension CausedError {
  /// How most errors are told: the code, what it is about, what happened.
  package func described(
    _ code: some CustomStringConvertible, about subject: String? = nil
  ) -> String {
    "[\(code)] " + (subject.map { "\($0): " } ?? "") + message
  }
}
