/// The answer to an ``InferRequest``, whatever the transport.
public struct InferResponse: Sendable {
  public var modelName: String
  public var modelVersion: String
  /// The request's identification.
  public var id: String
  public var parameters: [String: InferParameter]
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
