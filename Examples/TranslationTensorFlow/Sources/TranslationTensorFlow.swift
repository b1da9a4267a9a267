import ExampleReport
import Foundation
import Needletail

@main
struct TranslationTensorFlow: SparkProgram {
  static func run(_ spark: SparkSession) async throws {
    let sentences = spark.read.parquet("data/sentences.parquet")
    for (language, prefix, beams, expected) in [
      ("german", "translate English to German: ", 1, "expected_german"),
      ("french", "translate English to French: ", 1, "expected_french"),
    ] {
      let predictions = try await sentences.predicting(
        .translation("model", prefix: prefix, maxLength: 128, beams: beams),
        inputs: ["text": ["text"]], outputs: ["generated": "preds"])
      if beams == 1 {
        try await predictions.select("text", "preds").orderBy("id").show(5, truncate: 60)
        try await predictions.write.mode(.overwrite).parquet("made/\(language).parquet")
      }
      // The texts must be the framework's own, token for token.
      try await report(
        "\(language), \(beams) beam\(beams == 1 ? "" : "s")", predictions,
        right: "count_if(preds = \(language))", error: "count_if(preds <> \(expected))",
        within: 0, of: "TensorFlow")
    }
  }
}
