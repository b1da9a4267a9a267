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
    for error in chain { if let found = error as? Wanted { return found } }
    return nil
  }

  /// The error with which it began: the last one behind this, or this itself.
  public var root: any Error { chain.reduce(self) { $1 } }

  /// This error and those behind it, each before its cause.
  var chain: some Sequence<any Error> {
    sequence(first: self as any Error) { ($0 as? any CausedError)?.cause }
  }
}
