/// What the errors of these libraries have in common: what happened, and the error behind it.
///
/// Each has a code too, of a type of its own, and mostly says what it is about: a model, a function, a
/// column. `message` tells all of it to people, with the words of the cause; `cause` itself is for
/// programs.
public protocol CausedError: Error, CustomStringConvertible {
  /// What happened, where, what was expected and what to do.
  var message: String { get }
  /// The error of a lower layer that led to this one, `nil` if it began here.
  var cause: (any Error)? { get }
}

extension CausedError {
  /// `nil`: errors of this kind have none behind them.
  public var cause: (any Error)? { nil }
}

extension Error {
  /// This error if it is of that type, else the first one behind it that is.
  ///
  /// ```swift
  /// } catch let error as InferenceError {
  ///   if error.first(ONNXError.self)?.code == .providerUnavailable { ... }
  /// }
  /// ```
  ///
  /// - Returns: `nil` if none is.
  public func first<Wanted: Error>(_ type: Wanted.Type = Wanted.self) -> Wanted? {
    var error: any Error = self
    while true {
      if let found = error as? Wanted { return found }
      guard let cause = (error as? any CausedError)?.cause else { return nil }
      error = cause
    }
  }

  /// The error with which it began: the last one behind this, or this itself.
  public var root: any Error {
    var error: any Error = self
    while let cause = (error as? any CausedError)?.cause { error = cause }
    return error
  }
}
