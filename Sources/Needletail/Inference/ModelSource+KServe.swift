import Foundation

extension ModelSource {
  /// A model on a KServe v2 server, such as Triton, which every executor must reach.
  ///
  /// ```swift
  /// try await images.predicting(.kserve("grpc://triton:8001", model: "resnet"))
  /// ```
  ///
  /// Shapes and types are those that the server tells. Batches beyond the server's greatest are sent in
  /// parts, and each executor process has one connection for all its tasks.
  ///
  /// - Parameters:
  ///   - url: `grpc://HOST:PORT`, `grpcs://`, `http://` or `https://`; `kserve://` is gRPC.
  ///   - version: `nil` for the server's choice.
  ///   - token: what restricted calls ask for (`triton-access-token`).
  ///   - timeout: seconds that a call may take.
  ///   - sharedMemory: whether tensors travel in shared memory to a server on the executor's own
  ///     machine, if it allows that.
  /// - Throws: ``KServeError`` if `url` is no such address.
  public static func kserve(
    _ url: String, model: String, version: String? = nil, token: String? = nil,
    timeout: Double = 60, sharedMemory: Bool = false
  ) throws -> ModelSource {
    let endpoint = try KServeEndpoint(url: url)
    return ModelSource(
      .kserve, "\(endpoint)",
      [
        "model": model, "version": version, "token": token, "timeout": "\(timeout)",
        "sharedMemory": "\(sharedMemory)",
      ])
  }

  /// The model that an address names: `kserve://HOST:PORT/MODEL[/VERSION]`.
  static func kserve(address: String) throws -> ModelSource {
    let (endpoint, model, version) = try KServeEndpoint.withModel(url: address)
    return try .kserve("\(endpoint)", model: model, version: version.isEmpty ? nil : version)
  }
}

extension KServeModel {
  /// Asks the server at `address` for the model that the options of a ``ModelSource`` name.
  static func load(_ address: String, _ options: [String: String]) async throws -> KServeModel {
    var client = KServeClientOptions()
    client.accessToken = options["token"]
    if let text = options["timeout"] {
      guard let seconds = Double(text), seconds > 0 else {
        throw NeedletailError(
          .usage, "timeout is '\(text)', it must be a number of seconds above 0")
      }
      client.timeout = seconds
    }
    if options["sharedMemory"] == "true" { client.tensors = .systemSharedMemory }
    return try await KServeModel(
      options["model"] ?? "", version: options["version"] ?? "",
      client: .shared(try KServeEndpoint(url: address), options: client))
  }
}
