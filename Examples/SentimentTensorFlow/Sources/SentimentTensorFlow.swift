import ExampleReport
import Needletail

@main
struct SentimentTensorFlow: SparkProgram {
  static func run(_ spark: SparkSession) async throws {
    let texts = spark.read.parquet("data/sentiment.parquet").repartition(4)
    let predictions = try await texts.predicting(
      .sentiment("model"), inputs: ["text": ["input"]], into: "preds")
    try await predictions.select("input", "preds.*").orderBy("id").show(5, truncate: 60)
    let report = Report(
      right: "count_if(preds.label = label)",
      error: "max(if(preds.label = expected.label, abs(preds.score - expected.score), 1))",
      within: 1e-4, of: "TensorFlow")
    try await report("predicting(.sentiment(\"model\"))", predictions)
    try await served(spark, ["sentiment": .sentiment("model")]) { servers in
      let answers = try await texts.predicting(
        servers.model(), inputs: ["text": ["input"]], into: "preds")
      try await report("predicting(servers.model())", answers)
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
