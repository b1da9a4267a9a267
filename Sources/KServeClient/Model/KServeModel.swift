import Synchronization
public import Tensors

/// A model on a KServe v2 server, as one that this process runs.
///
/// Batches beyond the server's greatest, and those whose messages would be too long, are sent in parts.
public final class KServeModel: Model {
  /// The connection that runs go through.
  public let client: KServeClient
  /// What the server said of the model when this was made.
  public let served: ServedModel
  /// The version asked for; empty for the server's choice.
  public let version: String
  public let runtime: String
  private let memory: SharedTensors?
  /// The most bytes of a part since one was refused for its size by the server, or by something before
  /// it, whose limits nobody tells.
  private let learnedLimit = Mutex<Int?>(nil)

  public var inputs: [TensorSpecification] { served.inputs }
  public var outputs: [TensorSpecification] { served.outputs }

  public var metadata: [String: String] {
    [
      "endpoint": "\(client.endpoint)", "model": served.name, "platform": served.platform,
      "versions": served.versions.joined(separator: ", "),
      "maximum batch": served.maxBatchSize.map { $0 > 0 ? "\($0)" : "none" }
        ?? "not told by the server",
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
      let server = try await Self.description(of: client)
      runtime =
        server.map { "\($0.name) \($0.version) at \(client.endpoint)" } ?? "\(client.endpoint)"
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
    guard !served.outputs.isEmpty else {
      throw KServeError(
        .invalidArgument,
        "the server \(client.endpoint) does not tell what the model '\(name)' takes and gives; list its "
          + "inputs and outputs in the model's settings there (MLServer: 'inputs' and 'outputs' in "
          + "model-settings.json; KServe's Python server: get_input_types and get_output_types)")
    }
    guard !served.isDecoupled else {
      throw KServeError(
        .unimplemented,
        "the model '\(name)' at \(client.endpoint) answers a request with any number of responses "
          + "(decoupled), and a prediction needs one: predict with another model, or read the responses in "
          + "Swift with KServeClient.inferStream")
    }
    memory =
      client.options.tensors == .systemSharedMemory && client.endpoint.isLocal
      ? SharedTensors(client: client) : nil
  }

  /// What the server says of itself; `nil` if it does not have that call.
  private static func description(of client: KServeClient) async throws -> ServerDescription? {
    do {
      return try await client.serverDescription()
    } catch let error as KServeError where error.isAboutMissingCall {
      return nil
    }
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
      guard let rows = try check(inputs, outputs: names) else {
        return try await infer(inputs, outputs: names)
      }
      if rows == 0 { return try withoutRows(names) }
      return try await runInParts(inputs, rows, outputs: names)
    } catch var error as KServeError {
      error.message = "model '\(served.name)' at \(client.endpoint): \(error.message)"
      throw error
    }
  }

  /// Makes sure that the names fit the model.
  ///
  /// - Returns: the number of rows, `nil` if the model has no batch dimension.
  private func check(
    _ inputs: [String: AnyTensor], outputs names: [String]
  ) throws(KServeError) -> Int? {
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
    guard served.hasBatchDimension, let rows = inputs.values.first?.rowCount else { return nil }
    guard inputs.values.allSatisfy({ $0.shape.rank > 0 && $0.rowCount == rows }) else {
      // Nobody has said that the first dimension is the batch.
      if served.maxBatchSize == nil { return nil }
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
    let most = served.maxBatchSize ?? Int.max
    var parts: [String: [AnyTensor]] = [:]
    var start = 0
    while start < rows {
      let count = partCount(min(most, rows - start), from: start, of: inputs, names)
      let range = start..<start + count
      do {
        if count == rows { return try await infer(inputs, outputs: names) }
        let part = try await infer(
          try inputs.mapValues { try $0.slicingRows(range) }, outputs: names)
        for (name, tensor) in part {
          guard tensor.shape.rank > 0, tensor.rowCount == count else {
            throw KServeError(
              .internal,
              "the output '\(name)' for \(count) rows has the shape \(tensor.shape), so that "
                + "\(rows) rows cannot be sent in parts; send smaller batches (batchSize, "
                + "--batch-size)")
          }
          parts[name, default: []].append(tensor)
        }
        start += count
      } catch let error as KServeError where error.isAboutSize && count > 1 {
        learn(from: inputs, range, names)
      }
    }
    return try Dictionary(
      uniqueKeysWithValues: parts.map { ($0.key, try Self.joined($0.value, output: $0.key)) })
  }

  private static func joined(_ parts: [AnyTensor], output name: String) throws -> AnyTensor {
    do {
      return try .joiningRows(parts)
    } catch let error as TensorError {
      throw KServeError(
        .internal,
        "the output '\(name)' came in parts that do not fit together: \(error.message)",
        cause: error)
    }
  }

  /// How many of `count` rows go into the next message.
  private func partCount(
    _ count: Int, from start: Int, of inputs: [String: AnyTensor], _ names: [String]
  ) -> Int {
    // Tensors in shared memory are no part of a message.
    let limit =
      learnedLimit.withLock { $0 } ?? (memory == nil ? client.options.maxMessageBytes : .max)
    var count = count
    while count > 1 {
      let bytes = byteCount(inputs, start..<start + count, names)
      if bytes <= limit { break }
      let fitting = Int(Double(count) * (Double(limit) / Double(bytes)))
      count = min(max(fitting, 1), count - 1)
    }
    return count
  }

  /// Makes parts smaller than one that was refused for its size.
  private func learn(
    from inputs: [String: AnyTensor], _ refused: Range<Int>, _ names: [String]
  ) {
    let half = max(byteCount(inputs, refused, names) / 2, 1)
    learnedLimit.withLock { $0 = min($0 ?? half, half) }
  }

  /// The bytes that the tensors of some rows have in the longer of the two messages, as far as that is
  /// known before; at least one for each row, so that fewer rows always have fewer.
  private func byteCount(
    _ inputs: [String: AnyTensor], _ range: Range<Int>, _ names: [String]
  ) -> Int {
    let request = inputs.values.reduce(0) { $0 + $1.wireByteCount(range) }
    let response = outputs.filter { names.contains($0.name) }.reduce(0) { size, output in
      // A server may declare any shape: one beyond all memory tells nothing.
      let width = output.elementType.byteCount ?? 4
      let bytes = Shape([range.count] + output.rowShape.dimensions + [width]).elementCount ?? 0
      let (sum, overflow) = size.addingReportingOverflow(bytes)
      return overflow ? size : sum
    }
    return max(request, response, range.count)
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
