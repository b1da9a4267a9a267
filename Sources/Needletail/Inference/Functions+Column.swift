import SparkConnect

/// Spark's numbers of the ways in which a function sees data.
private enum Evaluation {
  static let column: Int32 = 204
  static let batches: Int32 = 207
}

/// The bytes that a worker gets for a use of `function`.
private func command(
  _ function: any UserDefinedFunction, _ parameters: [UInt8], _ argumentNames: [String]
) throws -> [UInt8] {
  let program = try Program.current()
  _ = try program.registry.function(named: function.name)
  return try FunctionCommand.encode(
    FunctionInvocation(
      function: function.name, id: "\(function.name)@\(program.fingerprint)",
      fingerprint: program.fingerprint, parameters: parameters, argumentNames: argumentNames))
}

extension DriverCheckedFunction {
  /// The function over `columns`, with its parameters encoded.
  func applied(_ parameters: @escaping @Sendable () throws -> [UInt8], _ columns: [Column])
    -> Column
  {
    Column(
      InlineFunction(
        name: name, returnType: returnType, evaluationType: Evaluation.column,
        command: { try command(self, try parameters(), $0) },
        check: { try check(arguments: $0.map { ($0.name, $0.type) }) }),
      columns)
  }
}

extension PredictBatchUDF where Parameters == NoParameters {
  /// The predictions for `columns`: `mnist("pixels")`.
  public func callAsFunction(_ columns: Column...) -> Column { self(columns) }

  /// The predictions for `columns`, as many as the list has: `price(names.map { col($0) })`.
  public func callAsFunction(_ columns: [Column]) -> Column {
    applied({ try FunctionInvocation.encode(NoParameters()) }, columns)
  }
}

extension PredictBatchUDF {
  /// The predictions for `columns` with the given parameters: `score(Options(threshold: 0.5), "a")`.
  public func callAsFunction(_ parameters: Parameters, _ columns: Column...) -> Column {
    self(parameters, columns)
  }

  /// The predictions for `columns`, as many as the list has, with the given parameters.
  public func callAsFunction(_ parameters: Parameters, _ columns: [Column]) -> Column {
    applied({ try FunctionInvocation.encode(parameters) }, columns)
  }
}

extension DataFrame {
  /// The batches that `function` makes of this table's.
  public func mapBatches(_ function: MapBatchesFunction<NoParameters>) -> DataFrame {
    mapBatches(function, NoParameters())
  }

  /// The batches that `function`, with the given parameters, makes of this table's.
  public func mapBatches<Parameters>(
    _ function: MapBatchesFunction<Parameters>, _ parameters: Parameters
  ) -> DataFrame {
    mapBatches(function, parameters, profileID: nil)
  }

  /// The batches that `function` makes of this table's, in a stage of its own whose tasks, and
  /// executors, have what `resources` asks for.
  ///
  /// - Throws: ``SparkError`` if the server refuses the profile.
  public func mapBatches(
    _ function: MapBatchesFunction<NoParameters>, resources: ResourceProfile
  ) async throws -> DataFrame {
    try await mapBatches(function, NoParameters(), resources: resources)
  }

  /// The same with parameters.
  public func mapBatches<Parameters>(
    _ function: MapBatchesFunction<Parameters>, _ parameters: Parameters,
    resources: ResourceProfile
  ) async throws -> DataFrame {
    mapBatches(
      function, parameters, profileID: try await session.resourceProfileID(resources))
  }

  private func mapBatches<Parameters>(
    _ function: MapBatchesFunction<Parameters>, _ parameters: Parameters, profileID: Int?
  ) -> DataFrame {
    mapBatches(
      function.name, returning: function.schema, isBarrier: function.isBarrier,
      profileID: profileID,
      command: { try command(function, try FunctionInvocation.encode(parameters), $0) })
  }

  /// The batches that a closure makes, whose place in the program `parameters` tells.
  func mapBatches(
    inline name: String, returning schema: StructType, isBarrier: Bool, profileID: Int?,
    parameters: @escaping @Sendable () throws -> InlineBatchesFunction.Parameters
  ) -> DataFrame {
    mapBatches(
      name, returning: schema, isBarrier: isBarrier, profileID: profileID,
      command: {
        try command(
          InlineBatchesFunction(), try FunctionInvocation.encode(try parameters()), $0)
      })
  }

  private func mapBatches(
    _ name: String, returning schema: StructType, isBarrier: Bool, profileID: Int?,
    command: @escaping @Sendable ([String]) throws -> [UInt8]
  ) -> DataFrame {
    mapPartitions(
      InlineFunction(
        name: name, returnType: .struct(schema), evaluationType: Evaluation.batches,
        command: command, check: { _ in }),
      isBarrier: isBarrier, profileID: profileID)
  }

  /// The predictions of a planned model over `columns`, as one struct column.
  func planned(_ plan: PredictionPlan, _ function: ModelPrediction) -> Column {
    Column(
      InlineFunction(
        name: function.name, returnType: .struct(plan.returnType),
        evaluationType: Evaluation.column,
        command: { try command(function, try plan.encodedParameters(), $0) }, check: { _ in }),
      plan.argumentColumns.map { col($0) })
  }
}
