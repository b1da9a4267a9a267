import Models
import ONNXRuntime
import Tensors

/// A model that takes token ids with a mask: the encoder of any pipeline, whatever runs it.
struct TokenModel: Sendable {
  /// What an input of such a model means.
  private enum Role {
    case ids, mask, types, positions
    /// What a decoder has read before, which is nothing here.
    case past
    /// Whether there is a past.
    case usesPast
  }

  let model: any Model
  /// What to call the model in messages.
  let name: String
  /// The only number of rows that the model takes, if it fixes one.
  let fixedRows: Int?
  /// The only row length that the model takes, if it fixes one.
  let fixedLength: Int?
  private let roles: [Role]
  /// The number of the first token's position, for models that are given positions.
  private let firstPosition: Int

  /// - Throws: ``TextPipelineError`` if the model takes anything else than ids, mask, type ids,
  ///   positions and pasts.
  init(
    _ model: any Model, name: String, firstPosition: Int = 0
  ) throws(TextPipelineError) {
    self.model = model
    self.name = name
    self.firstPosition = firstPosition
    var roles: [Role] = []
    // Packages of torch.export name no inputs; then they come in the order of the Python call.
    let areNamed = model.inputs.contains { Self.role(of: $0.name) == .ids }
    let byPosition: [Role] = [.ids, .mask, .types]
    for (position, input) in model.inputs.enumerated() {
      let role = areNamed ? Self.role(of: input.name) : byPosition.dropFirst(position).first
      guard let role, Self.fits(input, role) else {
        throw TextPipelineError(
          .unsupportedModel,
          "the input \(input) is unknown: a text model takes input_ids, attention_mask, "
            + "token_type_ids and position_ids, whole numbers of shape [batch, sequence], and perhaps "
            + "past_key_values.*. Its inputs are "
            + model.inputs.map(\.description).joined(separator: ", "),
          model: name)
      }
      roles.append(role)
    }
    guard roles.contains(.ids) else {
      throw TextPipelineError(
        .unsupportedModel, "the model takes no input_ids; it is no text model", model: name)
    }
    self.roles = roles
    let shapes = zip(model.inputs, roles).filter { [.ids, .mask, .types].contains($0.1) }
      .map(\.0.shape).filter { $0.rank == 2 }
    fixedRows = shapes.map { $0[0] }.first { $0 > 0 }
    fixedLength = shapes.map { $0[1] }.first { $0 > 0 }
  }

  /// The network of a folder, or `model` in its stead.
  ///
  /// - Parameter task: what the network is for, in the words of optimum-cli.
  init(
    _ folder: ModelFolder, _ model: (any Model)?, _ options: TextPipelineOptions, task: String
  ) throws {
    let network =
      try model
      ?? folder.network(
        folder.requiredModelFile(["model.onnx"], chosen: options.file, task: task), options.session)
    try self.init(network, name: folder.name, firstPosition: folder.firstPosition())
  }

  private static func role(of name: String) -> Role? {
    switch name {
    case "input_ids": .ids
    case "attention_mask": .mask
    case "token_type_ids": .types
    case "position_ids": .positions
    case "use_cache_branch": .usesPast
    default: DecoderPart.pastKey(name) == nil ? nil : .past
    }
  }

  /// Whether an input can be given what its name means.
  private static func fits(_ input: TensorSpecification, _ role: Role) -> Bool {
    switch role {
    case .past: return DecoderPart.emptyPast(input, rows: 1) != nil
    case .ids, .mask, .types, .positions, .usesPast:
      let isInteger =
        (try? AnyTensor.integers(Tensor(repeating: 0, shape: [0]), as: input.elementType)) != nil
      return isInteger && (role == .usesPast || [0, 2].contains(input.shape.rank))
    }
  }

  /// Runs the model on rows of tokens; the outputs' first dimension has the rows of `tokens`, and
  /// more if the model fixes their number.
  func run(_ tokens: TokenMatrix, outputs: [String]?) async throws -> [String: AnyTensor] {
    var inputs: [String: AnyTensor] = [:]
    let shape = tokens.ids.shape
    for (input, role) in zip(model.inputs, roles) {
      inputs[input.name] =
        switch role {
        case .ids: try .integers(tokens.ids, as: input.elementType)
        case .mask: try .integers(tokens.mask, as: input.elementType)
        case .types: try .integers(Tensor(repeating: 0, shape: shape), as: input.elementType)
        case .positions: try .integers(positions(for: input, shape), as: input.elementType)
        case .past: DecoderPart.emptyPast(input, rows: shape[0])
        case .usesPast: try .integers(Tensor([0]), as: input.elementType)
        }
    }
    return try await model.run(inputs, outputs: outputs)
  }

  /// The positions of tokens in rows that are filled up on the right.
  private func positions(for input: TensorSpecification, _ shape: Shape) -> Tensor<Int64> {
    // Some exports have one row of positions for all rows of tokens.
    let isShared = input.shape.first == 1 && fixedRows != 1
    let (rows, length) = (isShared ? 1 : shape[0], shape[1])
    return Tensor(shape: [rows, length]) { memory in
      for index in 0..<rows * length {
        memory.initializeElement(at: index, to: Int64(firstPosition + index % length))
      }
    }
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

extension Model {
  /// Its output `wanted`, or the first one of floating-point numbers.
  ///
  /// - Throws: ``TextPipelineError``, in which it is the `part` of the model `name`.
  func floatOutput(
    _ wanted: String, of part: String, name: String
  ) throws(TextPipelineError) -> TensorSpecification {
    let found =
      outputs.first { $0.name == wanted } ?? outputs.first { $0.elementType.isFloatingPoint }
    if let found { return found }
    throw TextPipelineError(
      .unsupportedModel,
      "the \(part) gives no \(wanted); its outputs are "
        + outputs.map(\.description).joined(separator: ", "), model: name)
  }
}
