import Tensors

/// A model on a KServe v2 server, as one that this process runs.
///
/// Batches beyond the server's greatest are sent in parts.
public final class KServeModel: Model {
  public let client: KServeClient
  /// What the server said of the model when this was made.
  public let served: ServedModel
  /// The version asked for; empty for the server's choice.
  public let version: String
  public let runtime: String
  private let memory: SharedTensors?

  public var inputs: [TensorSpecification] { served.inputs }
  public var outputs: [TensorSpecification] { served.outputs }

  public var metadata: [String: String] {
    [
      "endpoint": "\(client.endpoint)", "model": served.name, "platform": served.platform,
      "versions": served.versions.joined(separator: ", "),
      "maximum batch": served.maxBatchSize > 0 ? "\(served.maxBatchSize)" : "none",
    ]
  }

  /// Asks the server for the model.
  ///
  /// - Throws: ``KServeError`` if the server cannot be reached, or has no such model, or the model
  ///   answers requests with streams.
  public init(_ name: String, version: String = "", client: KServeClient) async throws {
    self.client = client
    self.version = version
    do {
      served = try await client.model(name, version: version)
      let server = try await client.serverDescription()
      runtime = "\(server.name) \(server.version) at \(client.endpoint)"
    } catch var error as KServeError {
      if error.code == .notFound {
        let known = try? await client.repositoryIndex(onlyReady: true).map(\.name)
        error.message +=
          " (asked of \(client.endpoint)"
          + (known.map {
            $0.isEmpty ? ", which has no models)" : ", which has: \($0.joined(separator: ", ")))"
          }
            ?? ")")
      }
      throw error
    }
    guard !served.isDecoupled else {
      throw KServeError(
        .unimplemented,
        "the model '\(name)' at \(client.endpoint) answers a request with any number of responses "
          + "(decoupled), a prediction needs one; use KServeClient.inferStream")
    }
    memory =
      client.options.tensors == .systemSharedMemory && client.endpoint.isLocal
      ? SharedTensors(client: client) : nil
  }

  /// Gives the shared memory back, if any is used; the model can still be run. It happens anyway when
  /// the model goes, a little later.
  public func close() async { await memory?.release() }

  deinit {
    guard let memory else { return }
    Task { await memory.release() }
  }

  public func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    let names = outputNames ?? outputs.map(\.name)
    do {
      let rows = try check(inputs, outputs: names)
      if served.maxBatchSize > 0 {
        if rows == 0 { return try withoutRows(names) }
        if rows > served.maxBatchSize { return try await runInParts(inputs, rows, outputs: names) }
      }
      return try await infer(inputs, outputs: names)
    } catch var error as KServeError {
      error.message = "model '\(served.name)' at \(client.endpoint): \(error.message)"
      throw error
    }
  }

  /// Makes sure that the names fit the model.
  ///
  /// - Returns: the number of rows, if the model has a batch dimension.
  private func check(
    _ inputs: [String: AnyTensor], outputs names: [String]
  ) throws(KServeError) -> Int {
    let known = served.inputs + served.optionalInputs
    func list(_ specifications: [TensorSpecification]) -> String {
      specifications.map(\.description).joined(separator: ", ")
    }
    for name in inputs.keys.sorted() where !known.contains(where: { $0.name == name }) {
      throw KServeError(
        .invalidArgument, "it has no input '\(name)'; the model takes \(list(known))")
    }
    if let missing = served.inputs.first(where: { inputs[$0.name] == nil }) {
      throw KServeError(
        .invalidArgument, "the input '\(missing.name)' is missing; the model takes \(list(known))")
    }
    for name in names where !outputs.contains(where: { $0.name == name }) {
      throw KServeError(
        .invalidArgument, "it has no output '\(name)'; the model gives \(list(outputs))")
    }
    guard served.maxBatchSize > 0 else { return 1 }
    let rows = inputs.values.first?.rowCount ?? 0
    guard inputs.values.allSatisfy({ $0.shape.rank > 0 && $0.rowCount == rows }) else {
      throw KServeError(
        .invalidArgument,
        "the inputs have different numbers of rows: "
          + inputs.map { "\($0.key) \($0.value.shape)" }.sorted().joined(separator: ", "))
    }
    return rows
  }

  /// The outputs for no rows, which a server need not be asked for; Triton refuses to answer.
  private func withoutRows(_ names: [String]) throws -> [String: AnyTensor] {
    var result: [String: AnyTensor] = [:]
    for output in outputs where names.contains(output.name) {
      let row = output.rowShape.dimensions.map { max($0, 0) }
      result[output.name] = try AnyTensor(emptyOf: output.elementType, shape: Shape([0] + row))
    }
    return result
  }

  private func runInParts(
    _ inputs: [String: AnyTensor], _ rows: Int, outputs names: [String]
  ) async throws -> [String: AnyTensor] {
    var parts: [String: [AnyTensor]] = [:]
    for start in stride(from: 0, to: rows, by: served.maxBatchSize) {
      let range = start..<min(start + served.maxBatchSize, rows)
      let part = try await infer(try inputs.mapValues { try $0.rows(range) }, outputs: names)
      for (name, tensor) in part { parts[name, default: []].append(tensor) }
    }
    return try Dictionary(
      uniqueKeysWithValues: parts.map { ($0.key, try AnyTensor(joining: $0.value, tensor: $0.key)) }
    )
  }

  private func infer(
    _ inputs: [String: AnyTensor], outputs names: [String]
  ) async throws -> [String: AnyTensor] {
    var request = InferRequest(modelName: served.name, modelVersion: version, inputs: [])
    for specification in served.inputs + served.optionalInputs {
      guard let tensor = inputs[specification.name] else { continue }
      request.inputs.append(InferTensor(name: specification.name, tensor: tensor))
    }
    request.outputs = names.map { InferRequest.RequestedOutput(name: $0) }
    let response: InferResponse
    if let shared = try await memory?.infer(request, outputs: served.outputs) {
      response = shared
    } else {
      response = try await client.infer(request)
    }
    var result: [String: AnyTensor] = [:]
    for output in response.outputs { result[output.name] = try output.tensor() }
    for name in names where result[name] == nil {
      throw KServeError(.internal, "the response lacks the output '\(name)'")
    }
    return result
  }
}
