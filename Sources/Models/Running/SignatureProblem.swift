/// Why tensors or names do not fit a model, found before it runs. A runtime makes an error of its own
/// of it, with the model's name.
public struct SignatureProblem: Error, Sendable, Hashable {
  /// What does not fit.
  public enum Place: Sendable, Hashable {
    /// The tensors that were given.
    case input
    /// The outputs that were asked for.
    case output
  }

  /// Whether it is an input's or an output's.
  public var place: Place
  /// The tensor's name, `nil` if it is about all of them.
  public var tensor: String?
  /// What happened, what was expected, and what to do; it does not name the model.
  public var message: String

  public init(_ place: Place, tensor: String? = nil, _ message: String) {
    self.place = place
    self.tensor = tensor
    self.message = message
  }
}
