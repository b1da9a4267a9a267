/// An error that text can make which is no JSON.
public protocol JSONFailure: Error {
  /// - Parameter byte: where in the text.
  init(json message: String, byte: Int)
}

/// What is wrong with text that should be JSON, and where.
public struct JSONError: JSONFailure, Hashable, CustomStringConvertible {
  public var message: String
  public var byte: Int

  public init(json message: String, byte: Int) {
    self.message = message
    self.byte = byte
  }

  public var description: String { "at byte \(byte): \(message)" }
}

/// What is taken for JSON.
public struct JSONRules: Sendable {
  /// Deeper nesting is refused; recursion must not exhaust a small stack.
  public var maximumDepth: Int
  /// Whether `NaN`, `Infinity` and numbers beyond all doubles are taken, and strings that are no text
  /// repaired.
  public var isLenient: Bool
  /// The double of a number that is not whole, `nil` if it has none; without this function it is the
  /// nearest one.
  public var real: (@Sendable (UnsafeRawBufferPointer) -> Double?)?

  public init(
    maximumDepth: Int = 128, isLenient: Bool = false,
    real: (@Sendable (UnsafeRawBufferPointer) -> Double?)? = nil
  ) {
    self.maximumDepth = maximumDepth
    self.isLenient = isLenient
    self.real = real
  }

  /// What RFC 8259 says, but for zeros before numbers.
  public static let strict = JSONRules()
}
