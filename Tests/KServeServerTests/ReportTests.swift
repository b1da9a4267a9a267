import Testing

@testable import KServeServer

@Suite struct ReportTests {
  @Test(arguments: [
    ("the model at /srv/models/a.onnx is damaged", "the model at a.onnx is damaged"),
    ("file:///home/me/x and \"/tmp/y/z\"", "file:x and \"z\""),
    ("a/b, 3 / 4 and /v2 stay", "a/b, 3 / 4 and /v2 stay"),
    ("", ""),
    ("ends with /a/b/", "ends with "),
  ]) func cutsPathsOff(_ text: String, _ expected: String) {
    #expect(ErrorText.withoutPaths(text) == expected)
  }

  @Test func shortensLongTexts() {
    #expect(
      ErrorText.withoutPaths(String(repeating: "x", count: 100_000)).utf8.count
        == ErrorText.limit)
  }

  @Test func findsQuantiles() {
    var histogram = LatencyHistogram()
    #expect(histogram.quantile(0.5) == nil)
    for milliseconds in 1...100 { histogram.record(nanoseconds: UInt64(milliseconds) * 1_000_000) }
    let median = histogram.quantile(0.5) ?? 0
    #expect(median >= 50_000 && median < 50_000 * 1.5)
    #expect(histogram.counts.reduce(0, +) == 100)
    histogram.record(nanoseconds: .max)
    #expect(histogram.counts.last == 1)
  }

  @Test func writesMetricsWithTritonsNames() {
    let statistics = ServingStatistics()
    statistics.executed(
      .init(rows: 3, computeInput: 1000, computeInfer: 2000, computeOutput: 3000),
      requests: [(queue: 5000, total: 20_000), (queue: 4000, total: 10_000)],
      milliseconds: 7)
    statistics.requestFailed(.rejected, nanoseconds: 1)
    let text = MetricsText(
      models: [("m", 2, 4, statistics.snapshot)], usage: SystemUsage()
    ).text
    for line in [
      "# TYPE nv_inference_request_success counter",
      "nv_inference_request_success{model=\"m\",version=\"2\"} 2",
      "nv_inference_request_failure{model=\"m\",reason=\"REJECTED\",version=\"2\"} 1",
      "nv_inference_request_failure{model=\"m\",reason=\"BACKEND\",version=\"2\"} 0",
      "nv_inference_count{model=\"m\",version=\"2\"} 3",
      "nv_inference_exec_count{model=\"m\",version=\"2\"} 1",
      "nv_inference_request_duration_us{model=\"m\",version=\"2\"} 30",
      "nv_inference_queue_duration_us{model=\"m\",version=\"2\"} 9",
      "nv_inference_compute_infer_duration_us{model=\"m\",version=\"2\"} 4",
      "# TYPE nv_inference_pending_request_count gauge",
      "nv_inference_pending_request_count{model=\"m\",version=\"2\"} 4",
    ] {
      #expect(text.contains(line + "\n"))
    }
    #expect(text.contains("\nnv_cpu_memory_total_bytes "))
  }
}
