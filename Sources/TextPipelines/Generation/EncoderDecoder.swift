public import Models
public import Tensors

/// A ``SequenceModel`` of several networks with the names that Hugging Face's Optimum gives them.
///
/// - The encoder takes `input_ids` and `attention_mask` and gives `last_hidden_state`.
/// - The decoder takes `input_ids`, `encoder_hidden_states`, `encoder_attention_mask` and gives
///   `logits` and the pasts `present.*`.
/// - The decoder with past takes `input_ids` of one token, `encoder_attention_mask` and the pasts
///   `past_key_values.*`, and gives `logits` and `present.*`; pasts that it does not give again
///   depend on the source alone. A merged decoder is both, by `use_cache_branch`.
///
/// The signatures `encode`, `decode_first` and `decode_next` of a SavedModel are the same with `_`
/// for `.` in the names. Pasts go from one run to the next as the runtime's own memory.
public struct EncoderDecoder: SequenceModel {
  /// How the decoder remembers what it has read.
  private enum Memory: Sendable {
    /// A second network takes the pasts.
    case part(DecoderPart)
    /// The decoder takes pasts, or none, by a switch.
    case merged
    /// All tokens are given at each step.
    case none
  }

  private let encoder: TokenModel
  private let decoder: DecoderPart
  private let memory: Memory
  private let encoded: String
  private let name: String

  /// - Parameters:
  ///   - encoder: what reads the source.
  ///   - decoder: the decoder of the first step, or a merged one.
  ///   - decoderWithPast: the decoder of the further steps; without it, and with a decoder that is
  ///     not merged, all tokens are computed again at each step.
  ///   - name: what to call the model in messages.
  /// - Throws: ``TextPipelineError`` if inputs and outputs do not fit together.
  public init(
    encoder: any Model, decoder: any Model, decoderWithPast: (any Model)? = nil, name: String
  ) throws {
    self.name = name
    self.encoder = try TokenModel(encoder, name: name)
    let first = try DecoderPart(decoder, name: name)
    self.decoder = first
    if first.roles.contains(.usesPast) {
      memory = .merged
      try Self.check(first, given: first, name: name)
    } else if let decoderWithPast {
      let next = try DecoderPart(decoderWithPast, name: name)
      try Self.check(next, given: first, name: name)
      memory = .part(next)
    } else {
      memory = .none
    }
    encoded = try encoder.floatOutput("last_hidden_state", of: "encoder", name: name).name
  }

  /// Makes sure that each past that a network takes comes from the first step.
  private static func check(
    _ part: DecoderPart, given first: DecoderPart, name: String
  ) throws(TextPipelineError) {
    let given = Set(first.presents.map(\.key))
    let missing = part.pasts.filter { !given.contains($0.key) }
    if part.pasts.isEmpty || !missing.isEmpty {
      let names = missing.map(\.specification.name).joined(separator: ", ")
      throw TextPipelineError(
        .unsupportedModel,
        "the decoder with past takes \(missing.isEmpty ? "no past_key_values.*" : names), which the "
          + "decoder of the first step does not give; export both from the same model",
        model: name)
    }
  }

  public var runtime: String { encoder.model.runtime }

  public func encode(_ source: TokenMatrix) async throws -> SequenceState {
    let results = try await encoder.run(source, outputs: [encoded])
    guard let output = results[encoded], output.rowCount == source.ids.rowCount else {
      throw TextPipelineError(
        .invalidOutput,
        "the encoder's output \(encoded) is \(results[encoded].map { "of shape \($0.shape)" } ?? "missing") "
          + "for \(source.ids.rowCount) rows",
        model: name)
    }
    return SequenceState(mask: source.mask, encoded: output)
  }

  public func decode(
    _ tokens: Tensor<Int64>, _ state: inout SequenceState
  ) async throws -> Tensor<Float> {
    let column = try tokens.reshaped(to: [tokens.count, 1])
    let results: [String: AnyTensor]
    switch memory {
    case .part(let next) where state.steps > 0:
      results = try await next.run(column, state, usesPast: true, name: name)
      try keep(next, results, &state)
    case .merged where state.steps > 0:
      results = try await decoder.run(column, state, usesPast: true, name: name)
      try keep(decoder, results, &state)
    case .part, .merged:
      results = try await decoder.run(column, state, usesPast: false, name: name)
      try keep(decoder, results, &state)
      if case .part(let next) = memory, !next.roles.contains(.encoded) { state.encoded = nil }
    case .none:
      let all = try state.tokens.map { try Self.joined($0, column) } ?? column
      results = try await decoder.run(all, state, usesPast: false, name: name)
      state.tokens = all
    }
    state.steps += 1
    return try lastScores(results, rows: tokens.count)
  }

  /// Takes the pasts of a step into the state; those that depend on the source alone from the first
  /// step only (a merged decoder gives dummies in their place later).
  private func keep(
    _ part: DecoderPart, _ results: [String: AnyTensor], _ state: inout SequenceState
  ) throws(TextPipelineError) {
    for (output, key) in part.presents {
      let result = results[output]
      let isKept = !DecoderPart.isConstant(key) || state.steps == 0
      guard !isKept || result?.shape.first == state.rowCount else {
        throw TextPipelineError(
          .invalidOutput,
          "the decoder's output \(output) is \(result.map { "of shape \($0.shape)" } ?? "missing") "
            + "for \(state.rowCount) rows",
          model: name)
      }
      if !DecoderPart.isConstant(key) {
        state.pasts[key] = result
      } else if state.steps == 0 {
        state.constants[key] = result
      }
    }
  }

  /// The scores at the last position.
  private func lastScores(
    _ results: [String: AnyTensor], rows: Int
  ) throws -> Tensor<Float> {
    guard let logits = results[DecoderPart.logits]?.floats, logits.rank == 3,
      logits.rowCount == rows,
      logits.shape[1] > 0
    else {
      let shape = results[DecoderPart.logits].map { "\($0.elementType)\($0.shape)" } ?? "nothing"
      throw TextPipelineError(
        .invalidOutput,
        "the decoder gave logits of \(shape) for \(rows) rows, expected float "
          + "[\(rows), tokens, vocabulary]", model: name)
    }
    let (length, width) = (logits.shape[1], logits.shape[2])
    if length == 1 { return try logits.reshaped(to: [rows, width]) }
    return try logits.reshaped(to: [rows * length, width])
      .gathering((0..<rows).map { $0 * length + length - 1 })
  }

  /// Two matrices side by side.
  private static func joined(
    _ left: Tensor<Int64>, _ right: Tensor<Int64>
  ) throws -> Tensor<Int64> {
    let (rows, first, second) = (left.rowCount, left.rowStride, right.rowStride)
    return Tensor(shape: [rows, first + second]) { output in
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          for row in 0..<rows {
            let start = row * (first + second)
            _ = output[start...].initialize(
              fromContentsOf: left[row * first..<(row + 1) * first])
            _ = output[(start + first)...].initialize(
              fromContentsOf: right[row * second..<(row + 1) * second])
          }
        }
      }
    }
  }
}
