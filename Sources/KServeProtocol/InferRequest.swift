/// A request for an inference, whatever the transport.
public struct InferRequest: Sendable {
  /// An output that the sender asks for.
  public struct RequestedOutput: Sendable, Hashable {
    /// The output's name in the model.
    public var name: String
    /// Parameters beyond those of ``sharedMemory``.
    public var parameters: [String: InferParameter]
    /// Where the server shall put the output, `nil` for the response.
    public var sharedMemory: SharedMemoryLocation?

    public init(
      name: String, parameters: [String: InferParameter] = [:],
      sharedMemory: SharedMemoryLocation? = nil
    ) {
      self.name = name
      self.parameters = parameters
      self.sharedMemory = sharedMemory
    }
  }

  /// The model that is asked.
  public var modelName: String
  /// The model's version; the server chooses if it is empty.
  public var modelVersion: String
  /// The sender's identification, returned with the response.
  public var id: String
  /// Parameters of the request as a whole, such as `priority`.
  public var parameters: [String: InferParameter]
  /// The tensors that the model gets.
  public var inputs: [InferTensor]
  /// The outputs wanted; all of them if empty.
  public var outputs: [RequestedOutput]

  public init(
    modelName: String, modelVersion: String = "", id: String = "",
    parameters: [String: InferParameter] = [:], inputs: [InferTensor],
    outputs: [RequestedOutput] = []
  ) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.id = id
    self.parameters = parameters
    self.inputs = inputs
    self.outputs = outputs
  }
}
