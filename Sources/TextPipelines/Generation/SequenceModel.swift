public import Tensors

/// An encoder with a decoder that gives one token after the other.
///
/// ``EncoderDecoder`` is the one for models in parts (ONNX files, signatures of a SavedModel);
/// another runtime may bring its own.
public protocol SequenceModel: Sendable {
  /// The name and version of what runs the model.
  var runtime: String { get }

  /// Reads the source texts; decoding begins with as many rows.
  ///
  /// - Throws: the runtime's error, or ``TextPipelineError`` for results of an unexpected form.
  func encode(_ source: TokenMatrix) async throws -> SequenceState

  /// Takes the next token of each row of the state and gives the scores of all tokens that may
  /// follow it, `[rows, vocabulary]`, not normalised.
  ///
  /// - Throws: the runtime's error, or ``TextPipelineError`` for results of an unexpected form.
  func decode(_ tokens: Tensor<Int64>, _ state: inout SequenceState) async throws -> Tensor<Float>
}

/// What a ``SequenceModel`` remembers of the rows that it decodes. All tensors have one row for each.
public struct SequenceState: Sendable {
  /// The mask of the source, `[rows, source length]`.
  public var mask: Tensor<Int64>
  /// The encoder's output; `nil` once the decoder needs it no longer.
  public var encoded: AnyTensor?
  /// What depends on the source alone, by name.
  public var constants: [String: AnyTensor] = [:]
  /// What depends on the tokens so far, by name.
  public var pasts: [String: AnyTensor] = [:]
  /// The tokens so far, `[rows, steps]`, for a decoder without memory.
  public var tokens: Tensor<Int64>?
  /// The number of tokens so far.
  public var steps = 0

  public init(mask: Tensor<Int64>, encoded: AnyTensor?) {
    self.mask = mask
    self.encoded = encoded
  }

  /// The number of rows.
  public var rowCount: Int { mask.rowCount }

  /// Goes on with the rows at `positions`, which may leave rows out and repeat others.
  public mutating func select(_ positions: [Int]) {
    if positions == Array(0..<rowCount) { return }
    mask = mask.gathering(positions)
    encoded = encoded?.gathering(positions)
    constants = constants.mapValues { $0.gathering(positions) }
    gatherPasts(positions)
  }

  /// The same where each row takes the place of one with the same source, as in a beam search: what
  /// depends on the source alone stays.
  public mutating func reorder(_ positions: [Int]) {
    if positions == Array(0..<rowCount) { return }
    gatherPasts(positions)
  }

  private mutating func gatherPasts(_ positions: [Int]) {
    pasts = pasts.mapValues { $0.gathering(positions) }
    tokens = tokens?.gathering(positions)
  }
}
