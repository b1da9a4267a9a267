/// The answer to an ``InferRequest``, whatever the transport.
public struct InferResponse: Sendable {
  /// The model that answered.
  public var modelName: String
  /// The version that answered.
  public var modelVersion: String
  /// The request's identification.
  public var id: String
  /// Parameters of the response as a whole.
  public var parameters: [String: InferParameter]
  /// The tensors that the model gave.
  public var outputs: [InferTensor]

  public init(
    modelName: String, modelVersion: String = "", id: String = "",
    parameters: [String: InferParameter] = [:], outputs: [InferTensor] = []
  ) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.id = id
    self.parameters = parameters
    self.outputs = outputs
  }
}

/// One element of a stream of responses: a response, or why a request failed.
public struct InferStreamResponse: Sendable {
  /// Why the request failed; the stream stays open. `nil` for a response.
  public var errorMessage: String?
  /// The response; with an error, what is known of the request.
  public var response: InferResponse?

  public init(errorMessage: String? = nil, response: InferResponse? = nil) {
    self.errorMessage = errorMessage
    self.response = response
  }
}
