import FoundationEssentials
import Models

extension FunctionInvocation {
  /// One use of a function with parameters.
  ///
  /// - Throws: an `EncodingError` when the parameters cannot be written as JSON.
  public init(
    function: any UserDefinedFunction, fingerprint: String, parameters: some Encodable,
    argumentNames: [String] = []
  ) throws {
    self.init(
      function: function.name, id: "\(function.name)@\(fingerprint)", fingerprint: fingerprint,
      parameters: try Self.encode(parameters), argumentNames: argumentNames)
  }

  /// Parameters as an invocation carries them: JSON with sorted keys, so that equal parameters are
  /// equal bytes and share a model. Infinities and NaN are written as strings.
  ///
  /// - Throws: an `EncodingError` when the parameters cannot be written as JSON.
  public static func encode(_ parameters: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return Array(try encoder.encode(parameters))
  }

  /// The parameters that the driver sent.
  ///
  /// - Throws: ``InferenceError`` when they are not of this type.
  public func decodeParameters<Parameters: Decodable>(
    as type: Parameters.Type = Parameters.self
  ) throws -> Parameters {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      return try decoder.decode(
        type, from: Data(parameters.isEmpty ? Array("{}".utf8) : parameters))
    } catch {
      throw InferenceError(
        .invalidCommand, "its parameters are not those of the function: \(error)",
        function: function, cause: error)
    }
  }
}
