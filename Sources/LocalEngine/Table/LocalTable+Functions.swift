public import ArrowIPC
public import SparkFunctions
public import SparkTypes

extension LocalTable {
  /// The batches that `function` makes of this table's, with all its columns. Each split of the input is
  /// one of its partitions.
  ///
  /// - Throws: ``LocalTableError`` for a function whose tasks need each other; `DataTypeError` if its
  ///   columns have no form here.
  public func mapBatches(_ function: MapBatchesFunction<NoParameters>) throws -> LocalTable {
    try mapBatches(function, NoParameters())
  }

  /// The same with parameters.
  ///
  /// - Throws: as without parameters; an `EncodingError` for parameters that are no JSON.
  public func mapBatches<Parameters>(
    _ function: MapBatchesFunction<Parameters>, _ parameters: Parameters
  ) throws -> LocalTable {
    guard !function.isBarrier else {
      throw LocalTableError(
        .needsSpark,
        "mapBatches(\"\(function.name)\"): its tasks run at the same time and wait for each other, "
          + "which Spark arranges; use a DataFrame (spark.read ...)")
    }
    let invocation = try FunctionInvocation(
      function: function, fingerprint: "local", parameters: parameters,
      argumentNames: schema.names)
    var table = LocalTable(try MappedInput(self, function, invocation, returning: function.schema))
    table.options = options
    table.lineage = lineage.mapped(by: function.name)
    return table
  }

  /// The batches that a closure makes of this table's.
  ///
  /// - Throws: `DataTypeError` if a declared column has no form here.
  public func mapBatches<Results: AsyncSequence & SendableMetatype>(
    _ name: String, returning schema: StructType,
    body: @escaping @Sendable (RecordBatches) async throws -> Results
  ) throws -> LocalTable
  where Results.Element == RecordBatch, Results.AsyncIterator: SendableMetatype {
    try mapBatches(MapBatchesFunction(name, returning: schema, body: body))
  }
}
