import SparkFunctions

extension EvaluationType {
  /// The type numbered `number`.
  ///
  /// - Throws: ``WorkerError`` for one that the worker does not do.
  init(number: Int32) throws(WorkerError) {
    if let known = Self(rawValue: number) {
      self = known
      return
    }
    let advice =
      number == 100
      ? "this is an ordinary Python function"
      : "the Needletail worker evaluates "
        + Self.allCases.map { String($0.rawValue) }.joined(separator: ", ")
    throw WorkerError(
      .unsupported,
      "evaluation type \(number) is not one for this worker (\(advice)). The session's setting "
        + "spark.sql.execution.pyspark.python sends all functions of its queries here; run Python "
        + "functions in another session, or unset it")
  }
}
