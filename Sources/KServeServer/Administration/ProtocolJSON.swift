import JSONText
import KServeProtocol

// The JSON forms of the protocol's messages, with the members and their order as Triton writes them.

extension Inference_ServerMetadataResponse {
  var json: JSONValue {
    [
      "name": .string(name), "version": .string(version),
      "extensions": .array(extensions.map { .string($0) }),
    ]
  }
}

extension Inference_ModelMetadataResponse {
  var json: JSONValue {
    func tensors(_ list: [TensorMetadata]) -> JSONValue {
      .array(
        list.map {
          [
            "name": .string($0.name), "datatype": .string($0.datatype),
            "shape": .array($0.shape.map { .integer($0) }),
          ]
        })
    }
    return [
      "name": .string(name), "versions": .array(versions.map { .string($0) }),
      "platform": .string(platform), "inputs": tensors(inputs), "outputs": tensors(outputs),
    ]
  }
}

extension Inference_ModelConfig {
  var json: JSONValue {
    var batching: JSONValue?
    if case .dynamicBatching(let choice) = schedulingChoice { batching = choice.json }
    let isDecoupled = hasModelTransactionPolicy ? modelTransactionPolicy.decoupled : nil
    let members: JSONValue = [
      "name": .string(name), "platform": .string(platform), "backend": .string(backend),
      "runtime": .string(runtime),
      "version_policy": ["latest": ["num_versions": .integer(1)]],
      "max_batch_size": .integer(Int64(maxBatchSize)),
      "input": .array(
        input.map {
          [
            "name": .string($0.name), "data_type": .string($0.dataType.text),
            "format": .string("FORMAT_NONE"),
            "dims": .array($0.dims.map { .integer($0) }),
            "is_shape_tensor": .bool(false), "allow_ragged_batch": .bool(false),
            "optional": .bool($0.optional), "is_non_linear_format_io": .bool(false),
          ]
        }),
      "output": .array(
        output.map {
          [
            "name": .string($0.name), "data_type": .string($0.dataType.text),
            "dims": .array($0.dims.map { .integer($0) }),
            "label_filename": .string($0.labelFilename), "is_shape_tensor": .bool(false),
            "is_non_linear_format_io": .bool(false),
          ]
        }),
      "batch_input": .array([]), "batch_output": .array([]),
      "instance_group": .array(
        instanceGroup.map {
          [
            "name": .string($0.name), "kind": .string("KIND_CPU"),
            "count": .integer(Int64($0.count)), "gpus": .array([]),
          ]
        }),
      "default_model_filename": .string(defaultModelFilename),
      "parameters": .object([]), "model_warmup": .array([]),
    ]
    return members.with("dynamic_batching", batching)
      .with("model_transaction_policy", isDecoupled.map { ["decoupled": .bool($0)] })
  }
}

extension Inference_ModelDynamicBatching {
  fileprivate var json: JSONValue {
    [
      "preferred_batch_size": .array(preferredBatchSize.map { .integer(Int64($0)) }),
      "max_queue_delay_microseconds": .unsigned(maxQueueDelayMicroseconds),
      "preserve_ordering": .bool(preserveOrdering),
      "priority_levels": .unsigned(priorityLevels),
      "default_priority_level": .unsigned(defaultPriorityLevel),
      "default_queue_policy": [
        "timeout_action": .string("REJECT"),
        "default_timeout_microseconds": .unsigned(defaultQueuePolicy.defaultTimeoutMicroseconds),
        "allow_timeout_override": .bool(defaultQueuePolicy.allowTimeoutOverride),
        "max_queue_size": .integer(Int64(defaultQueuePolicy.maxQueueSize)),
      ],
      "priority_queue_policy": .object([]),
    ]
  }
}

extension Inference_DataType {
  fileprivate var text: String {
    let known = TensorDatatype.allCases
    let type = known.first { ModelAdministration.dataType($0.elementType) == self }
    guard let type else { return "TYPE_INVALID" }
    return type == .bytes ? "TYPE_STRING" : "TYPE_\(type)"
  }
}

extension Inference_StatisticDuration {
  fileprivate var json: JSONValue {
    ["count": .unsigned(count), "ns": .unsigned(ns)]
  }
}

extension Inference_ModelStatistics {
  var json: JSONValue {
    let times = inferenceStats
    return [
      "name": .string(name), "version": .string(version),
      "last_inference": .unsigned(lastInference),
      "inference_count": .unsigned(inferenceCount),
      "execution_count": .unsigned(executionCount),
      "inference_stats": [
        "success": times.success.json, "fail": times.fail.json,
        "queue": times.queue.json, "compute_input": times.computeInput.json,
        "compute_infer": times.computeInfer.json,
        "compute_output": times.computeOutput.json, "cache_hit": times.cacheHit.json,
        "cache_miss": times.cacheMiss.json,
      ],
      "response_stats": .object([]),
      "batch_stats": .array(
        batchStats.map {
          [
            "batch_size": .unsigned($0.batchSize),
            "compute_input": $0.computeInput.json,
            "compute_infer": $0.computeInfer.json,
            "compute_output": $0.computeOutput.json,
          ]
        }),
      "memory_usage": .array([]),
    ]
  }
}

extension Inference_RepositoryIndexResponse {
  var json: JSONValue {
    .array(
      models.map { model in
        var members: [(String, JSONValue)] = [("name", .string(model.name))]
        for (name, value) in [
          ("version", model.version), ("state", model.state), ("reason", model.reason),
        ] where !value.isEmpty {
          members.append((name, .string(value)))
        }
        return .object(members)
      })
  }
}
