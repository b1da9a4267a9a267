import BatchInference
import Tensors

/// A model that takes token ids with a mask: the encoder of any pipeline, whatever runs it.
struct TokenModel: Sendable {
  /// What an input of such a model means.
  private enum Role {
    case ids, mask, types
  }

  let model: any Model
  /// What to call the model in messages.
  let name: String
  /// The only number of rows that the model takes, if it fixes one.
  let fixedRows: Int?
  /// The only row length that the model takes, if it fixes one.
  let fixedLength: Int?
  private let roles: [Role]

  /// - Throws: ``TextPipelineError`` if the model takes anything else than ids, mask and type ids.
  init(_ model: any Model, name: String) throws(TextPipelineError) {
    self.model = model
    self.name = name
    var roles: [Role] = []
    // Packages of torch.export name no inputs; then they come in the order of the Python call.
    let areNamed = model.inputs.contains { Self.role(of: $0.name) == .ids }
    let byPosition: [Role] = [.ids, .mask, .types]
    for (position, input) in model.inputs.enumerated() {
      let role = areNamed ? Self.role(of: input.name) : byPosition.dropFirst(position).first
      guard let role, input.shape.rank == 2 || input.shape.rank == 0,
        AnyTensor.integers(Tensor(repeating: 0, shape: [0]), as: input.elementType) != nil
      else {
        throw TextPipelineError(
          .unsupportedModel,
          "the input \(input) is unknown: a text model takes input_ids, attention_mask and "
            + "token_type_ids, whole numbers of shape [batch, sequence]. Its inputs are "
            + model.inputs.map(\.description).joined(separator: ", "),
          model: name)
      }
      roles.append(role)
    }
    guard roles.contains(where: { $0 == .ids }) else {
      throw TextPipelineError(
        .unsupportedModel, "the model takes no input_ids; it is no text model", model: name)
    }
    self.roles = roles
    let shapes = model.inputs.map(\.shape).filter { $0.rank == 2 }
    fixedRows = shapes.map { $0[0] }.first { $0 > 0 }
    fixedLength = shapes.map { $0[1] }.first { $0 > 0 }
  }

  private static func role(of name: String) -> Role? {
    switch name {
    case "input_ids": .ids
    case "attention_mask": .mask
    case "token_type_ids": .types
    default: nil
    }
  }

  /// Runs the model on rows of tokens; the outputs' first dimension has the rows of `tokens`, and
  /// more if the model fixes their number.
  func run(_ tokens: TokenMatrix, outputs: [String]?) async throws -> [String: AnyTensor] {
    var inputs: [String: AnyTensor] = [:]
    for (input, role) in zip(model.inputs, roles) {
      let tensor =
        switch role {
        case .ids: tokens.ids
        case .mask: tokens.mask
        case .types: Tensor<Int64>(repeating: 0, shape: tokens.ids.shape)
        }
      inputs[input.name] = AnyTensor.integers(tensor, as: input.elementType)
    }
    return try await model.run(inputs, outputs: outputs)
  }

  /// The output called `name` as numbers.
  func floats(
    _ results: [String: AnyTensor], _ output: String, rank: Int, rows: Int
  ) throws(TextPipelineError) -> Tensor<Float> {
    guard let result = results[output], let floats = result.floats else {
      throw TextPipelineError(
        .invalidOutput,
        "the output \(output) is \(results[output].map { "a tensor of \($0.elementType)" } ?? "missing"), "
          + "expected floating-point numbers",
        model: name)
    }
    guard floats.rank == rank, floats.rowCount >= rows else {
      throw TextPipelineError(
        .invalidOutput,
        "the output \(output) has the shape \(floats.shape) for \(rows) rows, expected "
          + (rank == 2 ? "[rows, values]" : "[rows, tokens, values]"),
        model: name)
    }
    return floats
  }
}
