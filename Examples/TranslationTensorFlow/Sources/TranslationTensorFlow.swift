import ExampleReport
import Needletail

@main
struct TranslationTensorFlow: SparkProgram {
  static func run(_ spark: SparkSession) async throws {
    let sentences = spark.read.parquet("data/sentences.parquet")
    for (language, prefix, beams, expected) in [
      ("german", "translate English to German: ", 1, "expected_german"),
      ("french", "translate English to French: ", 1, "expected_french"),
    ] {
      let model = ModelSource.translation("model", prefix: prefix, maxLength: 128, beams: beams)
      let predictions = try await sentences.predicting(model, outputs: ["generated": "preds"])
      if beams == 1 {
        try await predictions.select("text", "preds").orderBy("id").show(5, truncate: 60)
        try await predictions.write.mode(.overwrite).parquet("made/\(language).parquet")
      }
      // The texts must be the framework's own, token for token.
      let report = Report(
        right: "count_if(preds = \(language))", error: "count_if(preds <> \(expected))",
        within: 0, of: "TensorFlow")
      let form = "\(language), \(beams) beam\(beams == 1 ? "" : "s")"
      try await report(form, predictions)
      try await served(spark, ["t5": model]) { servers in
        let answers = try await sentences.predicting(
          servers.model(), outputs: ["generated": "preds"])
        try await report("\(form), predicting(servers.model())", answers)
      }
    }
  }
}
