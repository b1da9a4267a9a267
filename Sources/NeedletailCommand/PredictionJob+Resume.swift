import Needletail

extension PredictionJob {
  /// Predicts the rows of `input` that the output does not have, and appends them, part by part.
  func resume(_ input: DataFrame, _ known: StructType, _ spark: SparkSession) async throws {
    // Before a model is sent.
    for problem in [
      Resumption.problem(with: prediction), ResumingWriter.problem(withFormat: writing.name),
    ].compactMap(\.self) {
      throw CommandFailure(problem)
    }
    let writer = writing.options.reduce(
      try await predictions(of: input, known).write.format(writing.name)
    ) {
      $0.option($1.key, $1.value)
    }
    let summary = try await writer.resume(
      key: request.resumeKey, restarting: request.restart, partRows: request.partRows
    ).save(request.output)
    let seconds = summary.elapsed / .seconds(1)
    if let file = request.metrics {
      var metrics = RunMetrics(
        self, engine: "spark", rows: summary.rows, summary.failures, seconds: seconds)
      metrics.skippedRows = summary.skipped
      metrics.redoneRows = summary.redone
      try metrics.write(to: file)
    }
    if request.quiet { return }
    print(
      Self.summaryLine(
        rows: summary.rows, seconds: seconds, loadSeconds: loadSeconds, output: request.output,
        writing.name))
    if summary.skipped + summary.redone > 0 {
      print(Self.resumeLine(done: summary.skipped, redone: summary.redone))
    }
    tell(summary.failures, of: summary.rows)
  }
}
