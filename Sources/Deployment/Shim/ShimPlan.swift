/// A function for a session that another process holds, where Spark's own Python passes the batches on.
///
/// That process pickles a call of Python's `eval` with ``expression`` and a dictionary: ``names``, and of
/// each call `spec` (the specification with the session's ``settings`` in it, as text), `command` and
/// `kind` (the returned type).
package struct ShimPlan: Sendable, Encodable {
  package let expression = ShimForm.expression
  package let names = Dictionary(uniqueKeysWithValues: ShimForm.names)
  /// The names of the settings that a specification takes.
  package let settings = ShimForm.settings
  /// Gives back the rows that it gets.
  package let probe: ShimCall
  /// `nil` if it cannot be called that way.
  package let function: ShimCall?
  /// Why it cannot.
  package let refusal: String?

  /// - Parameter function: makes its call.
  package init(probe: ShimCall, function: () throws -> ShimCall) {
    self.probe = probe
    do {
      self.function = try function()
      refusal = nil
    } catch {
      self.function = nil
      refusal = "\(error)"
    }
  }

  private enum CodingKeys: String, CodingKey {
    case expression, names, settings, probe, function, refusal
  }
}
