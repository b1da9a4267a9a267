import JSONText
import KServeProtocol
import Models
import SwiftProtobuf
import Tensors

/// What clients may ask about the server and its models, and change of them, in the protocol's
/// messages; both transports answer with them.
struct ModelAdministration: Sendable {
  let name: String
  let version: String
  let registry: ModelRegistry

  /// The extensions of the protocol that the server has.
  static let extensions = [
    "classification", "model_repository", "model_repository(unload_dependents)", "schedule_policy",
    "model_configuration", "system_shared_memory", "binary_tensor_data", "parameters", "statistics",
    "trace", "logging",
  ]

  /// Whether clients may load and unload models.
  let allowsControl: Bool

  /// - Throws: ``KServeError`` if clients may not load and unload models.
  func checkControl() throws(KServeError) {
    if allowsControl { return }
    throw KServeError(
      .permissionDenied,
      "explicit model load / unload is not allowed: the server was started without model control")
  }

  var serverMetadata: Inference_ServerMetadataResponse {
    .with {
      $0.name = name
      $0.version = version
      $0.extensions = Self.extensions
    }
  }

  /// Whether the model is there and takes requests.
  ///
  /// - Throws: ``KServeError`` if `version` is no number.
  func checkReady(_ name: String, version: String) throws(KServeError) -> Bool {
    _ = try ModelRegistry.number(of: version)
    return isReady(name, version: version)
  }

  /// Whether the model is there and takes requests.
  func isReady(_ name: String, version: String) -> Bool {
    (try? registry.ready(name, version: version)) != nil
  }

  /// - Throws: ``KServeError`` if there is no such model whose trace settings could be asked for.
  func checkTraced(_ name: String) throws(KServeError) {
    if !name.isEmpty, registry.versions(of: name).isEmpty {
      throw KServeError(.invalidArgument, "Request for unknown model : \(name)")
    }
  }

  func metadata(
    of name: String, version: String
  ) throws(KServeError) -> Inference_ModelMetadataResponse {
    let model = try registry.ready(name, version: version)
    let versions =
      version.isEmpty
      ? registry.versions(of: name).filter(\.isReady).map(\.configuration.version).sorted()
      : [model.configuration.version]
    return .with {
      $0.name = name
      $0.versions = versions.map(String.init)
      $0.platform = model.platform
      $0.inputs = model.inputs.map(Self.metadata)
      $0.outputs = model.outputs.map(Self.metadata)
    }
  }

  private static func metadata(
    of tensor: TensorSpecification
  ) -> Inference_ModelMetadataResponse.TensorMetadata {
    .with {
      $0.name = tensor.name
      $0.datatype = TensorDatatype(tensor.elementType).rawValue
      $0.shape = tensor.shape.map(Int64.init)
    }
  }

  func configuration(
    of name: String, version: String
  ) throws(KServeError) -> Inference_ModelConfig {
    let model = try registry.ready(name, version: version)
    let settings = model.configuration
    func dimensions(_ tensor: TensorSpecification) -> [Int64] {
      (model.isBatching ? tensor.rowShape : tensor.shape).map(Int64.init)
    }
    return .with {
      $0.name = name
      $0.backend = "swift"
      $0.platform = model.platform
      $0.maxBatchSize = Int32(clamping: settings.maxBatchSize)
      $0.input = model.inputs.map { tensor in
        .with {
          $0.name = tensor.name
          $0.dataType = Self.dataType(tensor.elementType)
          $0.dims = dimensions(tensor)
          $0.optional = settings.optionalInputs.contains(tensor.name)
        }
      }
      $0.output = model.outputs.map { tensor in
        .with {
          $0.name = tensor.name
          $0.dataType = Self.dataType(tensor.elementType)
          $0.dims = dimensions(tensor)
        }
      }
      $0.instanceGroup = [
        .with {
          $0.name = "\(name)_0"
          $0.count = Int32(clamping: settings.instances)
          $0.kind = .cpu
        }
      ]
      if let batching = settings.batching {
        $0.dynamicBatching = .with {
          $0.preferredBatchSize = batching.preferredBatchSizes.map { Int32(clamping: $0) }
          $0.maxQueueDelayMicroseconds = batching.maxQueueDelay.nanoseconds / 1000
          $0.preserveOrdering = batching.preserveOrdering
          $0.defaultQueuePolicy = .with {
            $0.defaultTimeoutMicroseconds = (batching.defaultTimeout?.nanoseconds ?? 0) / 1000
            $0.allowTimeoutOverride = batching.allowTimeoutOverride
            $0.maxQueueSize = UInt32(clamping: batching.maxQueueSize)
          }
        }
      }
      if model.isDecoupled { $0.modelTransactionPolicy.decoupled = true }
    }
  }

  static func dataType(_ type: ElementType) -> Inference_DataType {
    switch type {
    case .bool: .typeBool
    case .int8: .typeInt8
    case .int16: .typeInt16
    case .int32: .typeInt32
    case .int64: .typeInt64
    case .uint8: .typeUint8
    case .uint16: .typeUint16
    case .uint32: .typeUint32
    case .uint64: .typeUint64
    case .float16: .typeFp16
    case .bfloat16: .typeBf16
    case .float32: .typeFp32
    case .float64: .typeFp64
    case .string: .typeString
    }
  }

  /// The counts of one model, or of all that are ready if `name` is empty.
  func statistics(
    of name: String, version: String
  ) throws(KServeError) -> Inference_ModelStatisticsResponse {
    let models: [ServedModel]
    if name.isEmpty {
      models = registry.all.filter(\.isReady)
    } else {
      _ = try ModelRegistry.number(of: version)
      let ready = registry.versions(of: name).reversed().filter(\.isReady)
      models = ready.filter {
        version.isEmpty || String($0.configuration.version) == version
      }
      if models.isEmpty {
        throw KServeError(
          .invalidArgument,
          ready.isEmpty
            ? "requested model '\(name)' is not available"
            : "requested model version is not available for model '\(name)'")
      }
    }
    return .with { $0.modelStats = models.map(Self.statistics) }
  }

  /// The same as JSON, with what people should know of each model beside its counts.
  func annotatedStatistics(of name: String, version: String) throws(KServeError) -> JSONValue {
    let counts = try statistics(of: name, version: version)
    let models = registry.all
    return [
      "model_stats": .array(
        counts.modelStats.map { entry in
          let model = models.first {
            $0.name == entry.name && String($0.configuration.version) == entry.version
          }
          return entry.json.with("joining", (model?.joining?.description).map { .string($0) })
            .with("note", (model?.note).map { .string($0) })
        })
    ]
  }

  private static func statistics(of model: ServedModel) -> Inference_ModelStatistics {
    func durations(_ value: ServingStatistics.Durations) -> Inference_StatisticDuration {
      .with {
        $0.count = value.count
        $0.ns = value.nanoseconds
      }
    }
    let counts = model.statistics.snapshot
    return .with {
      $0.name = model.name
      $0.version = String(model.configuration.version)
      $0.lastInference = counts.lastInference
      $0.inferenceCount = counts.inferenceCount
      $0.executionCount = counts.executionCount
      $0.inferenceStats = .with {
        $0.success = durations(counts.success)
        $0.fail = durations(counts.failure)
        $0.queue = durations(counts.queue)
        $0.computeInput = durations(counts.compute.input)
        $0.computeInfer = durations(counts.compute.infer)
        $0.computeOutput = durations(counts.compute.output)
        $0.cacheHit = Inference_StatisticDuration()
        $0.cacheMiss = Inference_StatisticDuration()
      }
      $0.batchStats = counts.batches.sorted { $0.key < $1.key }.map { size, batch in
        .with {
          $0.batchSize = UInt64(size)
          $0.computeInput = durations(batch.input)
          $0.computeInfer = durations(batch.infer)
          $0.computeOutput = durations(batch.output)
        }
      }
    }
  }

  // MARK: Repository

  /// The models that were bound with their states; those that are ready only, if asked for.
  func index(readyOnly: Bool) -> Inference_RepositoryIndexResponse {
    .with {
      $0.models = registry.all.compactMap { model in
        let (state, reason) = model.status.words
        if readyOnly, state != "READY" { return nil }
        return .with {
          $0.name = model.name
          $0.version = String(model.configuration.version)
          $0.state = state
          $0.reason = reason
        }
      }
    }
  }

  /// Loads all versions of a model that was bound.
  func load(_ name: String, parameters: [String]) async throws(KServeError) {
    if let parameter = parameters.first {
      throw KServeError(
        .invalidArgument,
        "failed to load '\(name)', this server loads models as they were bound and takes no parameter "
          + "'\(parameter)'")
    }
    let models = registry.versions(of: name)
    if models.isEmpty {
      throw KServeError(
        .internal, "failed to load '\(name)', failed to poll from model repository")
    }
    for model in models {
      do {
        try await model.load()
      } catch {
        throw KServeError(
          .invalidArgument,
          "load failed for model '\(name)': version \(model.configuration.version) is at UNAVAILABLE "
            + "state: \(ErrorText.withoutPaths("\(error)"));\n",
          cause: error)
      }
    }
  }

  /// Unloads all versions of a model; requests that wait are served before. Nothing happens if there
  /// is none.
  func unload(_ name: String) async {
    for model in registry.versions(of: name) { await model.unload() }
  }
}

extension ServedModel.Status {
  /// The protocol's word for the state, and the reason for an unavailable one.
  var words: (state: String, reason: String) {
    switch self {
    case .loading: ("LOADING", "")
    case .ready: ("READY", "")
    case .unloading: ("UNLOADING", "")
    case .unavailable(let reason): ("UNAVAILABLE", ErrorText.withoutPaths(reason))
    }
  }
}
