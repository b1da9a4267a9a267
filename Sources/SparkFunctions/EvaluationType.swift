/// How Spark wants functions evaluated (`PythonEvalType`), of those that the worker does.
public enum EvaluationType: Int32, Sendable, Hashable, CaseIterable {
  case scalarPandas = 200
  /// What the driver asks for with a function over columns.
  case scalarPandasIterator = 204
  /// What the driver asks for with a function over batches.
  case mapInArrow = 207
  /// Since Spark 4.1.
  case scalarArrow = 250
  /// Since Spark 4.1.
  case scalarArrowIterator = 251

  /// How the functions see the table. The scalar types have the same form on the wire.
  public var kind: FunctionKind { self == .mapInArrow ? .batches : .column }
}
