import JSONText
import KServeProtocol
import Models

extension KServeServer {
  /// What the status page draws: counts since the start, and what is the case now.
  func statusDocument(usage: SystemUsage) -> JSONValue {
    let endpoints = knownEndpoints
    let memory = usage.memory()
    var listening: [JSONValue] = []
    if let endpoints {
      for (kind, port) in [("HTTP", endpoints.http), ("gRPC", endpoints.grpc)] {
        if let port { listening.append(.string("\(kind) \(endpoints.host):\(port)")) }
      }
    }
    return [
      "name": .string(configuration.name), "version": .string(configuration.version),
      "state": .string("\(phase)"),
      "uptime": .number(Double(MonotonicTime.now() - startTime) / 1e9),
      "listening": .array(listening),
      "metricsPort": endpoints?.metrics.map { .integer(Int64($0)) } ?? .null,
      "active": .integer(Int64(inference.activeCount)),
      "cpu": .number(usage.utilization()),
      "memoryUsed": .unsigned(memory.used), "memoryTotal": .unsigned(memory.total),
      "latencyLimits": .array(LatencyHistogram.limits.map { .number($0) }),
      "models": .array(registry.all.map(\.statusDocument)),
    ]
  }
}

extension ServedModel {
  fileprivate var statusDocument: JSONValue {
    let counts = statistics.snapshot
    let (state, reason) = status.words
    return [
      "name": .string(name), "version": .integer(Int64(configuration.version)),
      "state": .string(state.lowercased()), "reason": .string(reason),
      "platform": .string(platform), "scheduling": .string(scheduling),
      "notes": .array(notes.map { .string($0) }),
      "inputs": .array(inputs.map { .string($0.description) }),
      "outputs": .array(outputs.map { .string($0.description) }),
      "maxBatchSize": .integer(Int64(configuration.maxBatchSize)),
      "waiting": .integer(Int64(queueLength)),
      "requests": .unsigned(counts.success.count), "rows": .unsigned(counts.inferenceCount),
      "executions": .unsigned(counts.executionCount),
      "failures": .object(
        counts.failures.sorted { $0.key.rawValue < $1.key.rawValue }.map {
          ($0.key.rawValue, .unsigned($0.value))
        }),
      "latencies": .array(counts.latencies.counts.map { .integer(Int64($0)) }),
      "times": [
        "queue": .number(Double(counts.queue.nanoseconds) / 1000),
        "input": .number(Double(counts.compute.input.nanoseconds) / 1000),
        "infer": .number(Double(counts.compute.infer.nanoseconds) / 1000),
        "output": .number(Double(counts.compute.output.nanoseconds) / 1000),
      ],
      "batches": .object(
        counts.batches.sorted { $0.key < $1.key }.map {
          (String($0.key), .unsigned($0.value.infer.count))
        }),
    ]
  }

  /// What people should know: that requests run alone though they could be joined, no warm-up.
  private var notes: [String] {
    var notes = note.map { [$0] } ?? []
    if let joining, !joining.joins { notes.append(joining.description) }
    return notes
  }

  /// The batching in a few words.
  private var scheduling: String {
    let instances = configuration.instances == 1 ? "" : ", \(configuration.instances) instances"
    if isDecoupled { return "streaming" + instances }
    if !isBatching { return "no batch dimension" + instances }
    guard let batching = configuration.batching, joining?.joins != false else {
      return "requests run alone, up to \(configuration.maxBatchSize) rows" + instances
    }
    let delay = Double(batching.maxQueueDelay.nanoseconds) / 1e6
    return "batches of up to \(configuration.maxBatchSize) rows"
      + (delay > 0
        ? ", \(delay == delay.rounded() ? String(Int(delay)) : String(delay)) ms delay" : "")
      + (batching.preserveOrdering ? ", in order" : "") + instances
  }
}
