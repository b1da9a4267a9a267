/// The metrics in the text form of Prometheus, with Triton's names and labels.
struct MetricsText {
  private(set) var text = ""

  private struct Sample {
    var labels: String
    var value: String
  }

  /// - Parameter models: name, version, waiting requests and counts of each model.
  init(
    models: [(name: String, version: Int, pending: Int, counts: ServingStatistics.Snapshot)],
    usage: SystemUsage
  ) {
    func samples(_ value: (ServingStatistics.Snapshot) -> UInt64) -> [Sample] {
      models.map {
        Sample(labels: Self.labels($0.name, $0.version), value: String(value($0.counts)))
      }
    }
    metric(
      "nv_inference_request_success",
      "Number of successful inference requests, all batch sizes", samples(\.success.count))
    metric(
      "nv_inference_request_failure", "Number of failed inference requests, all batch sizes",
      models.flatMap { model in
        ServingStatistics.FailureReason.allCases.map { reason in
          Sample(
            labels: Self.labels(model.name, model.version, reason: reason.rawValue),
            value: String(model.counts.failures[reason] ?? 0))
        }
      })
    metric(
      "nv_inference_count",
      "Number of inferences performed (does not include cached requests)",
      samples(\.inferenceCount))
    metric(
      "nv_inference_exec_count",
      "Number of model executions performed (does not include cached requests)",
      samples(\.executionCount))
    metric(
      "nv_inference_request_duration_us",
      "Cumulative inference request duration in microseconds (includes cached requests)",
      samples { $0.success.nanoseconds / 1000 })
    metric(
      "nv_inference_queue_duration_us",
      "Cumulative inference queuing duration in microseconds (includes cached requests)",
      samples { $0.queue.nanoseconds / 1000 })
    metric(
      "nv_inference_compute_input_duration_us",
      "Cumulative compute input duration in microseconds (does not include cached requests)",
      samples { $0.compute.input.nanoseconds / 1000 })
    metric(
      "nv_inference_compute_infer_duration_us",
      "Cumulative compute inference duration in microseconds (does not include cached requests)",
      samples { $0.compute.infer.nanoseconds / 1000 })
    metric(
      "nv_inference_compute_output_duration_us",
      "Cumulative inference compute output duration in microseconds (does not include cached requests)",
      samples { $0.compute.output.nanoseconds / 1000 })
    metric(
      "nv_inference_pending_request_count",
      "Instantaneous number of pending requests awaiting execution per-model.",
      models.map {
        Sample(labels: Self.labels($0.name, $0.version), value: String($0.pending))
      }, kind: "gauge")
    gauge("nv_cpu_utilization", "CPU utilization rate [0.0 - 1.0]", usage.utilization())
    let memory = usage.memory()
    gauge("nv_cpu_memory_total_bytes", "CPU total memory (RAM), in bytes", Double(memory.total))
    gauge("nv_cpu_memory_used_bytes", "CPU used memory (RAM), in bytes", Double(memory.used))
  }

  private static func labels(_ model: String, _ version: Int, reason: String? = nil) -> String {
    "{model=\"\(model)\"" + (reason.map { ",reason=\"\($0)\"" } ?? "") + ",version=\"\(version)\"}"
  }

  private mutating func gauge(_ name: String, _ help: String, _ value: Double) {
    let text =
      value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
    metric(name, help, [Sample(labels: "", value: text)], kind: "gauge")
  }

  private mutating func metric(
    _ name: String, _ help: String, _ samples: [Sample], kind: String = "counter"
  ) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
  }
}
