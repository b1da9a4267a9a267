/// What a server says of a model.
public struct ServedModel: Sendable, Hashable, Codable {
  /// What requests call the model.
  public var name: String
  /// The versions that are ready.
  public var versions: [String]
  /// What runs the model there, such as `onnxruntime_onnx` or `python`.
  public var platform: String
  /// What the model takes, the batch dimension first if it has one; optional inputs are in
  /// ``optionalInputs``.
  public var inputs: [TensorSpecification]
  /// What a request may leave out.
  public var optionalInputs: [TensorSpecification]
  /// What the model gives, the batch dimension first if it has one.
  public var outputs: [TensorSpecification]
  /// The most rows of a request; 0 for a model without a batch dimension, whose shapes are as declared;
  /// `nil` if the server does not tell, which only Triton's extension for a model's configuration does.
  public var maxBatchSize: Int?
  /// Whether a request has any number of responses, which need a stream.
  public var isDecoupled: Bool

  init(
    _ metadata: Inference_ModelMetadataResponse, named asked: String,
    _ configuration: Inference_ModelConfig?
  ) throws(KServeError) {
    // Behind a gateway the server may know the model by another name than its clients.
    name = asked
    versions = metadata.versions
    platform = metadata.platform
    maxBatchSize = (configuration?.maxBatchSize).map { Int($0) }
    isDecoupled = configuration?.modelTransactionPolicy.decoupled ?? false
    let optional = Set(configuration?.input.filter(\.optional).map(\.name) ?? [])
    let inputs = try Self.specifications(metadata.inputs, of: asked)
    self.inputs = inputs.filter { !optional.contains($0.name) }
    optionalInputs = inputs.filter { optional.contains($0.name) }
    outputs = try Self.specifications(metadata.outputs, of: asked).map { output in
      // Metadata have no other word for an output that declares no shape; a run tells what it has.
      var output = output
      output.hasShape = output.shape.rank > 0
      return output
    }
  }

  private static func specifications(
    _ tensors: [Inference_ModelMetadataResponse.TensorMetadata], of model: String
  ) throws(KServeError) -> [TensorSpecification] {
    var result: [TensorSpecification] = []
    for tensor in tensors {
      guard let type = TensorDatatype(rawValue: tensor.datatype) else {
        throw KServeError(
          .unimplemented,
          "the tensor '\(tensor.name)' of model '\(model)' has the data-type '\(tensor.datatype)', "
            + "which is unknown here")
      }
      let shape = Shape(tensor.shape.map { $0 < 0 ? Shape.dynamic : Int(clamping: $0) })
      result.append(
        TensorSpecification(name: tensor.name, elementType: type.elementType, shape: shape))
    }
    return result
  }
}

extension ServedModel {
  /// Whether the first dimension of all tensors is that of the batch, so that rows can be sent in parts:
  /// as the server says, or else as the shapes do.
  var hasBatchDimension: Bool {
    if let maxBatchSize { return maxBatchSize > 0 }
    return (inputs + optionalInputs + outputs).allSatisfy {
      $0.shape.dimensions.first == Shape.dynamic
    }
  }
}

/// A server's name, version and what it offers beyond the protocol's core.
public struct ServerDescription: Sendable, Hashable, Codable {
  /// What the server calls itself, such as `triton`.
  public var name: String
  /// The server's own version, not the protocol's.
  public var version: String
  /// What it offers beyond the core, such as `binary_tensor_data`.
  public var extensions: [String]
}

/// A model in a server's repository.
public struct RepositoryEntry: Sendable, Hashable, Codable {
  /// What requests call the model.
  public var name: String
  /// Empty for a model that was never loaded.
  public var version: String
  /// `READY`, `UNAVAILABLE`, `LOADING`, `UNLOADING`, or empty.
  public var state: String
  /// Why it is not ready.
  public var reason: String
}

/// A region of shared memory that a server has mapped.
public struct SharedMemoryStatus: Sendable, Hashable, Codable {
  /// What requests call the region.
  public var name: String
  /// The name of the shared-memory object, with its slash.
  public var key: String
  /// Where the region begins in the object.
  public var byteOffset: Int
  /// How many bytes it has.
  public var byteCount: Int
}

/// What a server has counted for a version of a model since it was loaded.
public struct ModelStatistics: Sendable, Hashable, Codable {
  /// The model.
  public var name: String
  /// The version of the model, of which each is counted by itself.
  public var version: String
  /// Rows predicted.
  public var inferenceCount: Int
  /// Calls of the model; fewer than the requests where batches were put together.
  public var executionCount: Int
  /// Requests answered.
  public var successCount: Int
  /// Requests that ended in an error.
  public var failureCount: Int
  /// Seconds that requests waited, in all.
  public var queueSeconds: Double
  /// Seconds that the model computed, in all.
  public var computeSeconds: Double
  /// The number of calls by their number of rows.
  public var executionsByBatchSize: [Int: Int]

  init(_ statistics: Inference_ModelStatistics) {
    name = statistics.name
    version = statistics.version
    inferenceCount = Int(clamping: statistics.inferenceCount)
    executionCount = Int(clamping: statistics.executionCount)
    let all = statistics.inferenceStats
    successCount = Int(clamping: all.success.count)
    failureCount = Int(clamping: all.fail.count)
    queueSeconds = Double(all.queue.ns) / 1e9
    computeSeconds = Double(all.computeInfer.ns) / 1e9
    executionsByBatchSize = Dictionary(
      statistics.batchStats.map {
        (Int(clamping: $0.batchSize), Int(clamping: $0.computeInfer.count))
      }, uniquingKeysWith: +)
  }
}
