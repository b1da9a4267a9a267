/// Why a ``LocalTable`` cannot do what was asked.
public struct LocalTableError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private let name: String
    private init(_ name: String) { self.name = name }

    /// The table has no such column, or several.
    public static let column = Code("COLUMN")
    /// Only Spark computes this.
    public static let needsSpark = Code("NEEDS_SPARK")
    /// The caller asked for something that cannot be.
    public static let invalidArgument = Code("INVALID_ARGUMENT")

    public var description: String { name }
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What happened, what was expected and what to do.
  public var message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
