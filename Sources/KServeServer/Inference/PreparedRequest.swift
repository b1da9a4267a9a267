import KServeProtocol
import Models
import Tensors

/// A request that fits its model, its tensors ready to be queued.
struct PreparedRequest: Sendable {
  /// In the order of the model's inputs; `nil` for an optional input left out.
  var inputs: [AnyTensor?]
  /// Rows, 1 for a model without a batch dimension.
  var rows: Int
  var signature: QueuedRequest.Signature
  /// The outputs to answer with, and where they go.
  var outputs: [InferRequest.RequestedOutput]
  /// Nanoseconds that the request may wait; `nil` without limit.
  var queueLimit: UInt64?
  /// What the tensors take that were copied for the request.
  var memory: MemoryBudget.Lease?
}

extension ServedModel {
  /// The parameters that a server reads itself: requests that differ in them may still be joined.
  private static let reservedParameters: Set<String> = [
    InferParameterName.timeout, InferParameterName.priority, InferParameterName.binaryDataOutput,
    InferParameterName.enableEmptyFinalResponse, "sequence_id", "sequence_start", "sequence_end",
    "binary_data_size",
  ]

  /// Checks a request against the model.
  ///
  /// - Parameter bytes: gives the bytes of an input, from wherever they are.
  /// - Throws: what the client is to be told, in Triton's words.
  func prepare(
    _ request: InferRequest, bytes: (InferTensor) throws(KServeError) -> TensorBytes
  ) throws(KServeError) -> PreparedRequest {
    for output in request.outputs {
      guard outputIndexes[output.name] != nil else {
        throw KServeError(
          .invalidArgument, "unexpected inference output '\(output.name)' for model '\(name)'")
      }
      try Self.checkNumber(InferParameterName.classification, in: output.parameters)
    }
    try Self.checkNumber(InferParameterName.timeout, in: request.parameters)
    try Self.checkNumber(InferParameterName.priority, in: request.parameters)
    let errors = RequestErrors(id: request.id)
    try checkNames(request.inputs, errors)
    let rows = try checkBatch(request.inputs, errors)
    var tensors = [AnyTensor?](repeating: nil, count: inputs.count)
    var rowShapes = [Shape?](repeating: nil, count: inputs.count)
    for input in request.inputs {
      guard let index = inputIndexes[input.name] else {
        throw KServeError(
          .invalidArgument, "unexpected inference input '\(input.name)' for model '\(name)'")
      }
      if tensors[index] != nil {
        throw errors.invalid("input '\(input.name)' already exists in request")
      }
      try check(input, against: index, errors)
      let tensor = try input.tensor(
        of: try bytes(input), model: name, errors, isBatching: isBatching)
      tensors[index] = tensor
      rowShapes[index] = isBatching ? tensor.shape.rowShape : tensor.shape
    }
    var parameters = request.parameters
    if !parameters.isEmpty {
      parameters = parameters.filter { !Self.reservedParameters.contains($0.key) }
    }
    return PreparedRequest(
      inputs: tensors, rows: rows,
      signature: QueuedRequest.Signature(rowShapes: rowShapes, parameters: parameters),
      outputs: request.outputs.isEmpty
        ? outputs.map { InferRequest.RequestedOutput(name: $0.name) } : Self.once(request.outputs),
      queueLimit: queueLimit(request.parameters[InferParameterName.timeout]))
  }

  /// An output that was asked for twice is given once, as it was asked for first.
  private static func once(
    _ outputs: [InferRequest.RequestedOutput]
  ) -> [InferRequest.RequestedOutput] {
    if outputs.count == 1 { return outputs }
    var names: Set<String> = []
    return outputs.filter { names.insert($0.name).inserted }
  }

  private static func checkNumber(
    _ name: String, in parameters: [String: InferParameter]
  ) throws(KServeError) {
    guard let value = parameters[name], value.integer.map({ $0 < 0 }) ?? true else { return }
    throw KServeError(
      .invalidArgument,
      "invalid value type for '\(name)' parameter, expected int64_param that is not negative")
  }

  private func checkNames(_ given: [InferTensor], _ errors: RequestErrors) throws(KServeError) {
    let required = inputs.count - configuration.optionalInputs.count
    guard given.count >= required, given.count <= inputs.count else {
      let names = Set(given.map(\.name))
      let missing = inputs.map(\.name).filter {
        !names.contains($0) && !configuration.optionalInputs.contains($0)
      }
      let expected =
        required == inputs.count
        ? "expected \(inputs.count) inputs"
        : "expected number of inputs between \(required) and \(inputs.count)"
      throw errors.invalid(
        "\(expected) but got \(given.count) inputs for model '\(name)'. Got input(s) ["
          + given.map { "'\($0.name)'" }.joined(separator: ",") + "]"
          + (missing.isEmpty
            ? ""
            : ", but missing required input(s) ["
              + missing.map { "'\($0)'" }.joined(separator: ",")
              + "]. Please provide all required input(s)."))
    }
  }

  /// The number of rows, which all inputs must share.
  private func checkBatch(
    _ given: [InferTensor], _ errors: RequestErrors
  ) throws(KServeError) -> Int {
    guard isBatching else { return 1 }
    var rows: Int?
    for input in given {
      guard let first = input.shape.first else {
        throw errors.invalid(
          "input '\(input.name)' has no shape but model requires batch dimension for '\(name)'")
      }
      if let rows, rows != first {
        throw errors.invalid(
          "input '\(input.name)' batch size does not match other inputs for '\(name)'")
      }
      rows = first
    }
    guard let count = rows else {
      throw errors.invalid("out of bounds index 0: request has 0 inputs")
    }
    guard count <= configuration.maxBatchSize else {
      throw errors.invalid(
        "inference request batch-size must be <= \(configuration.maxBatchSize) for '\(name)'")
    }
    return count
  }

  private func check(
    _ input: InferTensor, against index: Int, _ errors: RequestErrors
  ) throws(KServeError) {
    let specification = inputs[index]
    let expected = TensorDatatype(specification.elementType)
    guard input.datatype == expected else {
      throw errors.invalid(
        "inference input '\(input.name)' data-type is '\(input.datatype)', but model '\(name)' "
          + "expects '\(expected)'")
    }
    if input.shape.contains(where: { $0 < 0 }) {
      throw errors.invalid(
        "All input dimensions should be specified for input '\(input.name)' for model '\(name)', "
          + "got \(Self.dimensions(input.shape))")
    }
    guard !specification.hasShape || specification.shape.admits(Shape(input.shape)) else {
      throw errors.invalid(
        "unexpected shape for input '\(input.name)' for model '\(name)'. Expected "
          + "\(Self.dimensions(specification.shape.dimensions)), got "
          + "\(Self.dimensions(input.shape)). "
          + (isBatching
            ? "NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension "
              + "to be prepended to each input shape. If you want to specify the full shape including "
              + "the batch dim in your input dims config, try setting max_batch_size to zero. See the "
              + "model configuration docs for more info on max_batch_size."
            : ""))
    }
  }

  private static func dimensions(_ dimensions: [Int]) -> String {
    "[" + dimensions.map(String.init).joined(separator: ",") + "]"
  }

  /// How long a request may wait: the queue's limit, or the shorter one that it asks for.
  private func queueLimit(_ timeout: InferParameter?) -> UInt64? {
    guard let batching = configuration.batching else { return nil }
    let standard = batching.defaultTimeout?.nanoseconds
    guard batching.allowTimeoutOverride, let asked = timeout?.integer, asked > 0 else {
      return standard
    }
    let (wanted, overflow) = UInt64(asked).multipliedReportingOverflow(by: 1000)
    if overflow { return standard }
    return min(standard ?? wanted, wanted)
  }
}

/// What is told of a request that cannot be taken.
private struct RequestErrors {
  let id: String

  /// The message behind the words that tell which request it is.
  func invalid(_ message: String) -> KServeError {
    KServeError(.invalidArgument, KServeError.prefix(ofRequest: id) + message)
  }
}

extension InferTensor {
  /// The tensor that `bytes` are, its size checked.
  fileprivate func tensor(
    of bytes: TensorBytes, model: String, _ errors: RequestErrors, isBatching: Bool
  ) throws(KServeError) -> AnyTensor {
    // Triton takes no batch without rows, and says so in this way.
    let isEmptyBatch = isBatching && shape.first == 0
    let counted = isEmptyBatch ? [1] + shape.dropFirst() : shape
    if let expected = try datatype.byteCount(ofShape: counted, tensor: name) {
      guard expected == bytes.byteCount, !isEmptyBatch || expected == 0 else {
        throw errors.invalid(
          "input byte size mismatch for input '\(name)' for model '\(model)'. Expected "
            + "\(expected), got \(bytes.byteCount)")
      }
    } else {
      let expected = Shape(counted).elementCount ?? 0
      let (found, rest) = Self.strings(in: bytes)
      let element = "inference input '\(name)' for model '\(model)'"
      if found > expected {
        throw errors.invalid(
          "unexpected number of string elements \(found) for \(element), expecting \(expected)")
      }
      if (1..<4).contains(rest) {
        throw errors.invalid(
          "incomplete string length indicator for \(element), expecting 4 bytes but only \(rest) "
            + "bytes available")
      }
      if rest > 0 {
        throw errors.invalid(
          "incomplete string data for \(element): the last string is longer than the \(rest - 4) "
            + "bytes that follow its length")
      }
      if found < expected {
        throw errors.invalid("expected \(expected) string elements for \(element), got \(found)")
      }
    }
    var input = self
    input.contents = .raw(bytes)
    return try input.tensor()
  }

  /// The number of whole elements, each behind its length, and of the bytes that follow them.
  private static func strings(in bytes: TensorBytes) -> (count: Int, rest: Int) {
    bytes.withUnsafeBytes { bytes in
      var position = 0
      var count = 0
      while bytes.count - position >= 4 {
        let size = UInt32(
          littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        guard Int(size) <= bytes.count - position - 4 else { break }
        position += 4 + Int(size)
        count += 1
      }
      return (count, bytes.count - position)
    }
  }
}
