import ExampleReport
import Needletail

/// A label and a score for a text, by the same pipeline in a closure of our own.
let judge = PredictBatchUDF(
  "judge", returning: .struct(["label": .string, "score": .float]), batchSize: 256
) { worker in
  let classifier = try TextClassifier(path: worker.file("model"))
  return { (texts: [String]) -> [Classification] in try await classifier.classify(texts) }
}

@main
struct SentimentTorch: SparkProgram {
  static let functions: [any UserDefinedFunction] = [judge]

  static func run(_ spark: SparkSession) async throws {
    let texts = spark.read.parquet("data/sentiment.parquet").repartition(4)
    let predictions = try await texts.predicting(
      .sentiment("model"), inputs: ["text": ["input"]], into: "preds")
    try await predictions.select("input", "preds.*").orderBy("id").show(5, truncate: 60)
    try await spark.addFolder("model")
    let report = Report(
      right: "count_if(preds.label = label)",
      error: "max(if(preds.label = expected.label, abs(preds.score - expected.score), 1))",
      within: 1e-4, of: "PyTorch")
    for (form, table) in [
      ("predicting(.sentiment(\"model\"))", predictions),
      ("judge(\"input\")", texts.withColumn("preds", judge("input"))),
      ("judge(structure(\"input\"))", texts.withColumn("preds", judge(structure("input")))),
    ] {
      try await report(form, table)
    }
    try await served(spark, ["sentiment": .sentiment("model")]) { servers in
      let answers = try await texts.predicting(
        servers.model(), inputs: ["text": ["input"]], into: "preds")
      try await report("predicting(servers.model())", answers)
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
