import Models
import Tensors

/// One network of a decoder: which input and output means what.
struct DecoderPart: Sendable {
  /// What an input means.
  enum Role: Sendable, Hashable {
    case tokens, encoded, sourceMask, tokenMask, position
    /// Whether the pasts are to be used: the switch of a merged decoder.
    case usesPast
    case past(String)
  }

  let model: any Model
  let roles: [Role]
  /// The output with the scores.
  static let logits = "logits"
  /// The outputs that are pasts of the next step: their names and what they mean.
  let presents: [(name: String, key: String)]
  /// All outputs that are wanted.
  let outputNames: [String]

  init(_ model: any Model, name: String) throws(TextPipelineError) {
    self.model = model
    var roles: [Role] = []
    for input in model.inputs {
      guard let role = Self.role(of: input.name) else {
        throw TextPipelineError(
          .unsupportedModel,
          "the decoder's input \(input) is unknown; it takes "
            + model.inputs.map(\.description).joined(separator: ", ")
            + ". Known are input_ids, encoder_hidden_states, encoder_attention_mask, "
            + "decoder_attention_mask, cache_position, use_cache_branch and past_key_values.*",
          model: name)
      }
      roles.append(role)
    }
    self.roles = roles
    guard roles.contains(.tokens), model.outputs.contains(where: { $0.name == "logits" }) else {
      throw TextPipelineError(
        .unsupportedModel,
        "a decoder takes input_ids and gives logits; this one takes "
          + model.inputs.map(\.description).joined(separator: ", ") + " and gives "
          + model.outputs.map(\.description).joined(separator: ", "), model: name)
    }
    let presents = model.outputs.compactMap { output in
      Self.pastKey(output.name).map { (name: output.name, key: $0) }
    }
    self.presents = presents
    outputNames = [Self.logits] + presents.map(\.name)
  }

  /// The pasts that the network takes, by meaning.
  var pasts: [(key: String, specification: TensorSpecification)] {
    zip(roles, model.inputs).compactMap { role, input in
      if case .past(let key) = role { (key, input) } else { nil }
    }
  }

  private static func role(of name: String) -> Role? {
    switch name {
    case "input_ids", "decoder_input_ids": .tokens
    case "encoder_hidden_states", "encoder_outputs": .encoded
    case "encoder_attention_mask", "attention_mask": .sourceMask
    case "decoder_attention_mask": .tokenMask
    case "cache_position": .position
    case "use_cache_branch": .usesPast
    default: pastKey(name).map(Role.past)
    }
  }

  /// What a past means: its name without the beginning that tells input from output, and with `_`,
  /// which TensorFlow's signatures allow, for `.`: `present.0.decoder.key` and
  /// `past_key_values.0.decoder.key` are both `0_decoder_key`.
  static func pastKey(_ name: String) -> String? {
    let name = name.split(separator: ".").joined(separator: "_")
    for beginning in ["past_key_values_", "present_key_values_", "past_", "present_"]
    where name.hasPrefix(beginning) {
      return String(name.dropFirst(beginning.count))
    }
    return nil
  }

  /// Whether a past depends on the source alone.
  static func isConstant(_ key: String) -> Bool { key.contains("encoder") }

  /// Runs the network on the rows of `state`.
  ///
  /// - Parameter usesPast: whether the pasts of the state are given, or ones of length 0.
  func run(
    _ tokens: Tensor<Int64>, _ state: SequenceState, usesPast: Bool, name: String
  ) async throws -> [String: AnyTensor] {
    var inputs: [String: AnyTensor] = [:]
    let rows = state.rowCount
    for (role, input) in zip(roles, model.inputs) {
      inputs[input.name] =
        switch role {
        case .tokens: try .integers(tokens, as: input.elementType)
        case .encoded: state.encoded
        case .sourceMask: try .integers(state.mask, as: input.elementType)
        case .tokenMask:
          try .integers(
            Tensor(repeating: 1, shape: [rows, state.steps + tokens.shape[1]]),
            as: input.elementType)
        case .position:
          try .integers(
            Tensor((0..<tokens.shape[1]).map { Int64(state.steps + $0) }), as: input.elementType)
        case .usesPast: try .integers(Tensor([usesPast ? 1 : 0]), as: input.elementType)
        case .past(let key):
          usesPast
            ? (DecoderPart.isConstant(key) ? state.constants : state.pasts)[key]
            : try Self.requiredEmptyPast(input, rows: rows, name: name)
        }
    }
    return try await model.run(inputs, outputs: outputNames)
  }

  private static func requiredEmptyPast(
    _ input: TensorSpecification, rows: Int, name: String
  ) throws(TextPipelineError) -> AnyTensor {
    if let past = emptyPast(input, rows: rows) { return past }
    throw TextPipelineError(
      .unsupportedModel,
      "the merged decoder's input \(input) does not tell heads and dimensions; export it with "
        + "fixed ones, [batch, 8, past, 64] for example",
      model: name)
  }

  /// A past of length 0, `[rows, heads, 0, dimensions]`; `nil` if the input tells no such shape.
  static func emptyPast(_ input: TensorSpecification, rows: Int) -> AnyTensor? {
    guard input.shape.rank == 4, input.shape[1] > 0, input.shape[3] > 0,
      input.elementType.isFloatingPoint
    else { return nil }
    let shape: Shape = [rows, input.shape[1], 0, input.shape[3]]
    return try? AnyTensor(emptyOf: input.elementType, shape: shape)
  }
}
