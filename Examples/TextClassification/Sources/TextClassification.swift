import ExampleReport
import Needletail

/// How much a review pleases, from 0 to 1; the text's words are looked up inside the model.
let sentiment = PredictBatchUDF("sentiment", returning: .float, batchSize: 256) { worker in
  let model = try SavedModel(path: worker.file("model"))
  return { (texts: StringTensor) -> Tensor<Float> in
    try model.run(texts.reshaped(to: [texts.count, 1]))
  }
}

@main
struct TextClassification: SparkProgram {
  static let functions: [any UserDefinedFunction] = [sentiment]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFolder("model")
    let reviews = spark.read.parquet("data/reviews.parquet").repartition(8)
    let predictions = reviews.withColumn("preds", sentiment("lines"))
    try await predictions.select("lines", "label", "preds").orderBy("id").show(5, truncate: 60)

    let plain = try await reviews.predicting(
      .savedModel("model"), inputs: ["text": ["lines"]], outputs: ["output_0": "preds"])
    let right = "count_if((preds > 0.5) = (label = 1))"
    let report = Report(
      right: right, error: "max(abs(preds - expected))", within: 1e-4, of: "TensorFlow")
    for (form, table) in [
      ("sentiment(\"lines\")", predictions),
      ("sentiment(col(\"lines\"))", reviews.withColumn("preds", sentiment(col("lines")))),
      (
        "sentiment(structure(\"lines\"))",
        reviews.withColumn("preds", sentiment(structure("lines")))
      ),
      ("predicting(.savedModel(\"model\"))", plain),
    ] {
      try await report(form, table)
    }
    let reportWhole = Report(
      right: right, error: "max(abs(preds - expected_review))", within: 1e-4, of: "TensorFlow")
    try await reportWhole(
      "sentiment(\"review\"), the whole text", reviews.withColumn("preds", sentiment("review")))
    try await served(spark, ["sentiment": .savedModel("model")]) { servers in
      let answers = try await reviews.predicting(
        servers.model(), inputs: ["text": ["lines"]], outputs: ["output_0": "preds"])
      try await report("predicting(servers.model())", answers)
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
