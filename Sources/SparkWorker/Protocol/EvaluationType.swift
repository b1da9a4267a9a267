import SparkFunctions

/// How Spark wants functions evaluated (`PythonEvalType`), of those that the worker does.
public enum EvaluationType: Int32, Sendable, Hashable, CaseIterable {
  case scalarPandas = 200
  case scalarPandasIterator = 204
  case mapInArrow = 207
  /// Since Spark 4.1.
  case scalarArrow = 250
  /// Since Spark 4.1.
  case scalarArrowIterator = 251

  /// How the functions see the table. The scalar types have the same form on the wire.
  public var kind: FunctionKind { self == .mapInArrow ? .batches : .column }

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
