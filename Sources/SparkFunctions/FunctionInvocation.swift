/// One use of a function in a query: what travels from the driver to the executors.
public struct FunctionInvocation: Sendable, Hashable, Codable {
  /// The function's name, looked up in the executor's ``FunctionRegistry``.
  public var function: String
  /// Identifies the function as the driver has it; with the parameters it keys the model cache.
  public var id: String
  /// The build of the driver's executable; a worker of another build refuses.
  public var fingerprint: String
  /// The function's `Codable` parameters as JSON.
  public var parameters: [UInt8]
  /// The columns that the query feeds to the function, as messages should name them.
  public var argumentNames: [String]

  public init(
    function: String, id: String, fingerprint: String, parameters: [UInt8] = [],
    argumentNames: [String] = []
  ) {
    self.function = function
    self.id = id
    self.fingerprint = fingerprint
    self.parameters = parameters
    self.argumentNames = argumentNames
  }

  /// The name of argument `index` for messages.
  public func argumentName(_ index: Int) -> String {
    index < argumentNames.count ? argumentNames[index] : "#\(index)"
  }
}
