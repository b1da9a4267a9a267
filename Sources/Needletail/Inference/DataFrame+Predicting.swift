import SparkConnect

extension DataFrame {
  /// Adds the outputs of a model as columns; no code needed.
  ///
  /// ```swift
  /// try await images.predicting(
  ///   .onnx("digits.onnx"), inputs: ["pixels": "image"], outputs: ["probabilities": "p"])
  /// ```
  ///
  /// Inputs that are not given take the column of their name, in whichever case. Numbers are converted
  /// to the model's element type; several number columns can feed one input (`["features": ["a",
  /// "b"]]`). Everything is checked against the model and this table's schema before a job starts.
  ///
  /// - Parameters:
  ///   - source: the model.
  ///   - inputs: the column, or columns, that feed each input of the model.
  ///   - outputs: names of the new columns by output; an output that is not given keeps its name.
  ///   - structure: the name of one new column, a struct with the outputs as its fields, instead of a
  ///     column for each.
  ///   - batchSize: the number of rows that the model gets at once; `nil` for 64, 256 for
  ///     pipelines of text, which sort a batch by length and cut it themselves, and 1024 for servers.
  ///   - nulls: what happens to nulls in the input.
  ///   - ragged: what happens to rows that differ in length.
  /// - Throws: an error that names the input, output or column that does not fit.
  public func predicting(
    _ source: ModelSource, inputs: [String: InputColumns] = [:], outputs: [String: String] = [:],
    into structure: String? = nil, batchSize: Int? = nil, nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail
  ) async throws -> DataFrame {
    try await predicting(
      source, loaded: try await source.load(), inputs: inputs, outputs: outputs, into: structure,
      batchSize: batchSize, nulls: nulls, ragged: ragged)
  }

  /// The same with the model at hand, which this process has loaded already.
  package func predicting(
    _ source: ModelSource, loaded model: any Model, inputs: [String: InputColumns],
    outputs: [String: String], into structure: String? = nil, batchSize: Int?,
    nulls: NullPolicy = .fail, ragged: RaggedPolicy = .fail
  ) async throws -> DataFrame {
    let packed = try source.packed()
    let plan = try ModelPrediction.plan(
      model: model, reference: source.reference(packed.name), table: try await schema(),
      inputs: inputs,
      outputs: outputs, into: structure, batchSize: batchSize ?? source.format.batchSize,
      nulls: nulls, ragged: ragged)
    try await packed.send(to: session)
    let function = ModelPrediction(loaders: ModelFormat.loaders)
    if let structure { return withColumn(structure, planned(plan, function)) }
    // The struct of all outputs is computed once; its fields become the columns.
    let results = "needletail.predictions"
    let table = withColumn(results, planned(plan, function))
    let fields = plan.returnType.map { col("`\(results)`").getField($0.name).as($0.name) }
    return table.select(["*"] + fields).drop(results)
  }
}
