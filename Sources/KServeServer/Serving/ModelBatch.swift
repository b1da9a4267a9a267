public import KServeProtocol
public import Tensors

/// What a model's closure gets: the rows of one or several requests, one after the other.
public struct ModelBatch: Sendable {
  /// The rows of one request in the batch.
  public struct Member: Sendable {
    /// The request's id as the client gave it, empty if it gave none.
    public var id: String
    /// Where the request's rows lie in the batch.
    public var rows: Range<Int>
  }

  /// The model's name.
  public var model: String
  /// The model's version.
  public var version: Int
  /// The number of rows of all requests together; 1 for a model without a batch dimension.
  public var rowCount: Int
  /// The tensors by input name, the batch dimension first. Optional inputs that the requests left
  /// out are missing.
  public var inputs: [String: AnyTensor]
  /// The parameters of the requests, which are the same for all of a batch.
  public var parameters: [String: InferParameter]
  /// The outputs that at least one request asked for, in the model's order; others need not be made.
  public var requestedOutputs: [String]
  /// The requests in the batch.
  public var members: [Member]

  public init(
    model: String, version: Int, rowCount: Int, inputs: [String: AnyTensor],
    parameters: [String: InferParameter] = [:], requestedOutputs: [String], members: [Member] = []
  ) {
    self.model = model
    self.version = version
    self.rowCount = rowCount
    self.inputs = inputs
    self.parameters = parameters
    self.requestedOutputs = requestedOutputs
    self.members = members
  }

  /// The input called `name`, which the requests may leave out.
  public subscript(name: String) -> AnyTensor? { inputs[name] }

  /// The input called `name` as a tensor of numbers.
  ///
  /// - Throws: `TensorError` if the batch has no such input, or with other elements.
  public func tensor<Element: TensorElement>(
    _ name: String, as type: Element.Type = Element.self
  ) throws -> Tensor<Element> {
    guard let tensor = inputs[name] else { throw missing(name) }
    return try tensor.typed()
  }

  /// The input called `name` as a tensor of strings.
  ///
  /// - Throws: `TensorError` if the batch has no such input, or one of numbers.
  public func strings(_ name: String) throws -> StringTensor {
    guard let tensor = inputs[name] else { throw missing(name) }
    guard case .string(let strings) = tensor else {
      throw TensorError("the input \(name) holds \(tensor.elementType), not strings")
    }
    return strings
  }

  private func missing(_ name: String) -> TensorError {
    TensorError(
      "the batch has no input \(name), only \(inputs.keys.sorted().joined(separator: ", "))")
  }
}
