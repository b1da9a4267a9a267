/// A property that the synthesised `==` and `hash(into:)` of its type leave out.
///
/// Errors that are values keep their cause in one: an error of whatever type cannot be compared, and two
/// errors that say the same are the same whatever was behind them.
@propertyWrapper
public struct Uncompared<Value: Sendable>: Sendable, Hashable {
  /// The property's value.
  public var wrappedValue: Value

  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

  /// `true`: the property does not count.
  public static func == (left: Uncompared, right: Uncompared) -> Bool { true }

  /// Adds nothing.
  public func hash(into hasher: inout Hasher) {}
}
