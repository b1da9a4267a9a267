import ExampleReport
import Foundation
import Needletail

@main
struct SentimentTensorFlow: SparkProgram {
  static func run(_ spark: SparkSession) async throws {
    let texts = spark.read.parquet("data/sentiment.parquet").repartition(4)
    let predictions = try await texts.predicting(
      .sentiment("model"), inputs: ["text": ["input"]], into: "preds")
    try await predictions.select("input", "preds.*").orderBy("id").show(5, truncate: 60)
    for (form, table) in [("predicting(.sentiment(\"model\"))", predictions)] {
      try await report(
        form, table, right: "count_if(preds.label = label)",
        error: "max(if(preds.label = expected.label, abs(preds.score - expected.score), 1))",
        within: 1e-4, of: "TensorFlow")
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
