public import ErrorCauses

/// Why a tensor could not be made, reshaped or combined.
public struct TensorError: CausedError, Hashable {
  /// What went wrong, with the shapes and types involved.
  public var message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
