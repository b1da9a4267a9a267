import KServeProtocol
import Logging
public import Models
public import Tensors
import Texts

extension KServeServer {
  /// Serves a closure as the model `name`.
  ///
  /// - Parameters:
  ///   - name: letters, digits, dots, underscores and dashes.
  ///   - inputs: the tensors that `body` gets; their shapes begin with the batch dimension
  ///     (`Shape.dynamic`) unless `configuration.maxBatchSize` is 0.
  ///   - outputs: the tensors that `body` returns, declared likewise.
  ///   - configuration: batches, instances and what is checked.
  ///   - body: gets the rows of one or several requests and returns all outputs asked for, with as
  ///     many rows. It runs on a thread of the model's and may block. An error fails the requests
  ///     of the batch; ``KServeServerError/unrecoverable(_:)`` ends the server.
  /// - Throws: ``KServeServerError`` if the name, tensors or configuration cannot be served, or the
  ///   server runs already.
  public func bind(
    _ name: String, inputs: [TensorSpecification], outputs: [TensorSpecification],
    configuration: ModelServingConfiguration = ModelServingConfiguration(),
    _ body: @escaping @Sendable (ModelBatch) async throws -> [String: AnyTensor]
  ) throws {
    try add(
      name, inputs: inputs, outputs: outputs, configuration: configuration, platform: "swift",
      body: .batches(body))
  }

  /// Serves a loaded model as `name`.
  ///
  /// - Parameters:
  ///   - name: letters, digits, dots, underscores and dashes.
  ///   - model: what answers the requests.
  ///   - configuration: `nil` for
  ///     ``ModelServingConfiguration/suited(to:maxBatchSize:batching:instances:)``.
  /// - Throws: ``KServeServerError`` as the other ways to bind.
  public func bind(
    _ name: String, model: any Model, configuration: ModelServingConfiguration? = nil
  ) throws {
    // KServe knows tensors only.
    let maps = model.mapOutputs.map {
      OmittedOutput(
        name: $0, kind: "a map of names to numbers",
        advice: "export the model so that it gives a tensor (for scikit-learn with zipmap=False)")
    }
    let sequences = model.sequenceOutputs.map {
      OmittedOutput(
        name: $0.name, kind: "a sequence of tensors",
        advice: "export the model so that it gives a tensor (ConcatFromSequence)")
    }
    for output in maps + sequences + model.omittedOutputs {
      self.configuration.logger.notice(
        "an output of a model is not served",
        metadata: [
          "model": "\(name)", "output": "\(output.name)", "is": "\(output.kind)",
          "advice": "\(output.advice)",
        ])
    }
    let outputs = LoadedOutputs(of: model)
    try add(
      name, inputs: model.inputs, outputs: outputs.specifications,
      undeclaredOutputs: outputs.undeclared,
      configuration: configuration ?? .suited(to: model),
      platform: model.runtime, isLoadedModel: true, hasIndependentRows: model.hasIndependentRows,
      body: .batches { batch in
        try await model.run(batch.inputs, outputs: batch.requestedOutputs)
      })
  }

  /// Serves a closure with any number of results for each request as the model `name`. Clients read
  /// them by a stream of gRPC. Requests are not joined.
  ///
  /// - Parameters:
  ///   - name: letters, digits, dots, underscores and dashes.
  ///   - inputs: the tensors that `body` gets.
  ///   - outputs: the tensors that each result has.
  ///   - configuration: the version, and what is checked.
  ///   - body: gets one request and returns a sequence of outputs, which is read on the model's
  ///     thread; when the client goes away the reading ends.
  /// - Throws: ``KServeServerError`` as the other ways to bind.
  public func bind<Results: AsyncSequence & SendableMetatype>(
    decoupled name: String, inputs: [TensorSpecification], outputs: [TensorSpecification],
    configuration: ModelServingConfiguration = ModelServingConfiguration(),
    _ body: @escaping @Sendable (ModelBatch) async throws -> Results
  ) throws
  where Results.Element == [String: AnyTensor], Results.AsyncIterator: SendableMetatype {
    try add(
      name, inputs: inputs, outputs: outputs, configuration: configuration, platform: "swift",
      body: .streams { batch, respond in
        for try await outputs in try await body(batch) { try respond(outputs) }
      })
  }

  private func add(
    _ name: String, inputs: [TensorSpecification], outputs: [TensorSpecification],
    undeclaredOutputs: Set<String> = [], configuration: ModelServingConfiguration, platform: String,
    isLoadedModel: Bool = false, hasIndependentRows: Bool = false, body: ServedModel.Body
  ) throws {
    func refuse(_ message: String) -> KServeServerError {
      KServeServerError(.invalidModel, message, model: name)
    }
    guard phase == .created else {
      throw KServeServerError(
        .invalidState, "models are bound before the server runs", model: name)
    }
    guard !name.isEmpty, name.utf8.count <= 255, name.utf8.allSatisfy(Self.isNameByte) else {
      throw refuse("a model's name has letters, digits, '.', '_' and '-' only, at most 255 of them")
    }
    if outputs.isEmpty { throw refuse("a model gives one tensor at least") }
    if configuration.version < 1 { throw refuse("versions count from 1") }
    if configuration.instances < 1 { throw refuse("a model needs one instance at least") }
    if configuration.maxBatchSize < 0 { throw refuse("the greatest batch size cannot be negative") }
    for preferred in configuration.batching?.preferredBatchSizes ?? []
    where preferred < 1 || preferred > configuration.maxBatchSize {
      throw refuse(
        "the preferred batch size \(preferred) lies outside 1...\(configuration.maxBatchSize)")
    }
    for tensors in [inputs, outputs] {
      if Set(tensors.map(\.name)).count != tensors.count {
        throw refuse("two tensors have the same name")
      }
      for tensor in tensors where configuration.maxBatchSize > 0 {
        guard tensor.shape.dimensions.first == Shape.dynamic else {
          throw refuse(
            "the shape \(tensor.shape) of '\(tensor.name)' must begin with an open batch dimension "
              + "(-1); declare it so, or set maxBatchSize to 0")
        }
      }
    }
    if let unknown = configuration.optionalInputs.first(where: { name in
      !inputs.contains { $0.name == name }
    }) {
      throw refuse("the optional input '\(unknown)' is not among the inputs")
    }
    let stop = stop
    let model = ServedModel(
      name: name, inputs: inputs, outputs: outputs, undeclaredOutputs: undeclaredOutputs,
      configuration: configuration, platform: platform, isLoadedModel: isLoadedModel,
      hasIndependentRows: hasIndependentRows, body: body,
      logger: self.configuration.logger,
      onUnrecoverable: { [weak self] error in
        self?.enter(.draining, from: .starting, .ready)
        stop.send(.unrecoverable(error))
      })
    guard registry.add(model) else {
      throw refuse("version \(configuration.version) is bound already")
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || "._-".utf8.contains(byte)
  }
}
