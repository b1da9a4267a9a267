import Needletail

/// Predictions of whole batches, with resources or without, are those of columns.
enum BatchPredictions {
  /// - Parameter resources: what the tasks must have; `nil` where Spark takes no profiles.
  static func run(_ spark: SparkSession, _ resources: ResourceProfile?) async throws {
    let folder = try IntegrationProgram.option("--folder")
    let source = ModelSource.onnx(folder + "/digits.onnx")
    let images = spark.read.parquet(folder + "/digits.parquet")
    let some = images.filter("id < 100")
    let gaps = some.withColumn("pixels", expr("if(id % 7 = 3, null, pixels)"))
    func compare(
      _ table: DataFrame, _ input: String, into structure: String? = nil, batchSize: Int = 64,
      nulls: NullPolicy = .fail, errors: ErrorPolicy = .fail, transform: OutputTransform? = nil
    ) async throws {
      let model = try await source.load()
      func predicted(_ form: PredictionForm) async throws -> (StructType, [Row]) {
        let result = try await table.predicting(
          source, loaded: model,
          PredictionRequest(
            inputs: ["pixels": [input]], outputs: ["probabilities": "p"], into: structure,
            batchSize: batchSize, nulls: nulls, errors: errors,
            transforms: transform.map { ["probabilities": $0] } ?? [:]),
          as: form)
        return (try await result.schema(), try await result.collect())
      }
      let (schema, rows) = try await predicted(.columns)
      let (otherSchema, otherRows) = try await predicted(.batches(resources))
      try IntegrationProgram.expect(otherSchema == schema, "\(otherSchema.treeString)")
      let told = schema.fields.map { $0.metadata?.contains("digits.onnx") ?? false }
      try IntegrationProgram.expect(
        told.last == true && told.first == false,
        "\(schema.fields.map(\.metadata))")
      try IntegrationProgram.expect(
        !rows.isEmpty && otherRows == rows,
        "\(input): \(otherRows.first?.values ?? []) of \(otherRows.count) rows, by columns "
          + "\(rows.first?.values ?? []) of \(rows.count)")
    }

    // Batches of the model that span Spark's.
    let limit = "spark.sql.execution.arrow.maxRecordsPerBatch"
    try await spark.conf.set(limit, "50")
    try await compare(images, "pixels")
    try await compare(
      images.repartition(3, "id").sortWithinPartitions("id"), "pixels", batchSize: 7)
    try await compare(gaps, "pixels", into: "preds", nulls: .skip)
    try await compare(odd(gaps), "a.`b`", nulls: .skip)
    try await compare(odd(gaps), "s.PIXELS", nulls: .fill(0))
    try await compare(gaps, "pixels", errors: .column("why"))
    try await compare(gaps, "pixels", into: "preds", errors: .column())
    try await compare(gaps, "pixels", errors: .null)
    let labels = ClassLabels((0..<10).map { "digit \($0)" })
    try await compare(gaps, "pixels", nulls: .skip, transform: .topK(3, labels: labels))
    try await compare(some, "pixels", into: "preds", batchSize: 7, transform: .argmax)
    try await compare(gaps, "pixels", nulls: .skip, transform: .rounded(3).as(.vector))
    try await spark.conf.unset(limit)
    try await rowErrors(gaps, source)
    try await classes(some, source)

    let said = await IntegrationProgram.failure {
      _ = try await gaps.coalesce(1).predicting(
        source, loaded: try await source.load(), PredictionRequest(), as: .batches(resources)
      ).collect()
    }
    try IntegrationProgram.expect(
      said.contains("needletail.predict(") && said.contains("column 'pixels', row 3")
        && said.contains("partition 0"), said)
  }

  /// The best class is the one with the greatest number.
  private static func classes(_ some: DataFrame, _ source: ModelSource) async throws {
    let rows = try await some.predicting(
      source, outputs: ["probabilities": "best"], transforms: ["probabilities": .topK(2)]
    ).predicting(
      source, outputs: ["probabilities": "digit"], transforms: ["probabilities": .argmax]
    ).select("best", "digit").collect()
    for row in rows {
      guard case .list(let best) = row[0], best.count == 2, case .structure(let first) = best[0],
        case .string(let label) = first[0], case .int(let digit) = row[1]
      else { throw Refusal(description: "\(row.values)") }
      try IntegrationProgram.expect(label == "\(digit)", "\(row.values)")
    }
    try IntegrationProgram.expect(rows.count == 100, "\(rows.count) rows")
  }

  /// Rows that fail have a text, and end the job where too many do.
  private static func rowErrors(_ gaps: DataFrame, _ source: ModelSource) async throws {
    let rows = try await gaps.predicting(
      source, outputs: ["probabilities": "p"], errors: .column("why")
    ).select("id", "p", "why").collect()
    for row in rows {
      guard case .int(let id) = row[0] else { continue }
      let isGap = id % 7 == 3
      var says = ""
      if case .string(let text) = row[2] { says = text }
      try IntegrationProgram.expect(
        (row[1] == .null) == isGap
          && says.hasPrefix("null: column 'pixels': the value is null") == isGap
          && (row[2] == .null) != isGap, "row \(id): \(row.values)")
    }
    try IntegrationProgram.expect(rows.count == 100, "\(rows.count) rows")
    let said = await IntegrationProgram.failure {
      _ = try await gaps.coalesce(1).predicting(source, errors: .null, maxErrors: .percent(10))
        .collect()
    }
    try IntegrationProgram.expect(
      said.contains("TOO_MANY_ERRORS") && said.contains("(row 3 of the partition: "), said)
  }

  /// Columns of all kinds of names and types.
  private static func odd(_ table: DataFrame) -> DataFrame {
    table.select(
      col("id"), col("label").as("ID"), col("pixels").as("a.`b`"),
      expr("if(id % 5 = 2, null, named_struct('n', id, 'pixels', pixels))").as("s"),
      expr("cast(id as decimal(12, 3))").as("decimal"), expr("map(label, array(id))").as("map"),
      expr("timestamp_seconds(id)").as("time"),
      expr("cast(timestamp_seconds(id) as timestamp_ntz)").as("time without a zone"),
      expr("date_add(date'2024-02-28', id)").as("date"), expr("id % 2 = 0").as("even"),
      expr("if(id % 3 = 0, null, cast(id as string))").as("text"),
      expr("cast(cast(id as string) as binary)").as("bytes"),
      expr("array(named_struct('a', 'x'))").as("nested"), expr("null").as("nothing"))
  }
}
