/// How many runs of one loaded model may be under way at the same time.
package enum RunPolicy: Sendable, Hashable {
  /// Any number: what runs the model is documented to be thread-safe.
  case concurrent
  /// So many; further callers wait.
  case limited(Int)

  package static let oneAtATime = RunPolicy.limited(1)
}
