import ExampleReport
import Needletail

/// Translates; the prefix that tells the language is a parameter of the query.
let translate = PredictBatchUDF(
  "translate", returning: .string, batchSize: 256, parameters: String.self
) { worker, prefix in
  let model = try SequenceGenerator(path: worker.file("model"), prefix: prefix)
  return { (texts: [String]) -> [String] in try await model.generate(texts) }
}

@main
struct TranslationTorch: SparkProgram {
  static let functions: [any UserDefinedFunction] = [translate]

  static func run(_ spark: SparkSession) async throws {
    let sentences = spark.read.parquet("data/sentences.parquet")
    try await spark.addFolder("model")
    let greetings = sentences.withColumn(
      "preds", translate("translate English to German: ", "text"))
    let report = Report(
      right: "count_if(preds = german)", error: "count_if(preds <> expected_german)", within: 0,
      of: "PyTorch")
    try await report("translate(\"translate English to German: \", \"text\")", greetings)
    for (language, prefix, beams, expected) in [
      ("german", "translate English to German: ", 1, "expected_german"),
      ("french", "translate English to French: ", 1, "expected_french"),
      ("german", "translate English to German: ", 4, "beams_german"),
      ("french", "translate English to French: ", 4, "beams_french"),
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
        within: 0, of: "PyTorch")
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
