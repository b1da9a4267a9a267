/// An error that text can make which is no JSON.
package protocol JSONFailure: Error {
  /// - Parameter byte: where in the text.
  init(json message: String, byte: Int)
}

/// What is wrong with text that should be JSON, and where.
package struct JSONError: JSONFailure, Hashable, CustomStringConvertible {
  package var message: String
  package var byte: Int

  package init(json message: String, byte: Int) {
    self.message = message
    self.byte = byte
  }

  package var description: String { "at byte \(byte): \(message)" }
}

/// What is taken for JSON.
package struct JSONRules: Sendable {
  /// Deeper nesting is refused; recursion must not exhaust a small stack.
  package var maximumDepth: Int
  /// Whether `NaN`, `Infinity` and numbers beyond all doubles are taken, and strings that are no text
  /// repaired.
  package var isLenient: Bool
  /// The double of a number that is not whole, `nil` if it has none; without this function it is the
  /// nearest one.
  package var real: (@Sendable (UnsafeRawBufferPointer) -> Double?)?

  package init(
    maximumDepth: Int = 128, isLenient: Bool = false,
    real: (@Sendable (UnsafeRawBufferPointer) -> Double?)? = nil
  ) {
    self.maximumDepth = maximumDepth
    self.isLenient = isLenient
    self.real = real
  }

  /// What RFC 8259 says, but for zeros before numbers.
  package static let strict = JSONRules()
}
