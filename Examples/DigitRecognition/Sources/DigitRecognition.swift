import ExampleReport
import Needletail

/// Ten scores for an image of 28 x 28 pixels, by a SavedModel of Keras'.
let digits = PredictBatchUDF(
  "digits", returning: .array(.float), batchSize: 128, inputTensorShapes: [[784]]
) { worker in
  let model = try SavedModel(path: worker.file("model"))
  return { (pixels: Tensor<Float>) -> Tensor<Float> in try model.run(pixels) }
}

@main
struct DigitRecognition: SparkProgram {
  static let functions: [any UserDefinedFunction] = [digits]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFolder("model")
    // The pixels are doubles; they become floats on their way to the model.
    let images = spark.read.parquet("data/digits.parquet")
    let pixels = (0..<784).map { col("\($0)") }
    let wide = images.select(
      [col("label"), col("expected")] + (0..<784).map { col("data").getItem($0).as("\($0)") })

    let predictions = images.withColumn("preds", digits("data"))
      .withColumn("digit", expr("array_position(preds, array_max(preds)) - 1"))
    try await predictions.select("id", "label", "digit", "preds").orderBy("id").show(5)

    let report = Report(
      right: "count_if(array_position(preds, array_max(preds)) - 1 = label)",
      error: largestDifference("preds", "expected"), within: 1e-4, of: "TensorFlow")
    let plain = try await images.predicting(
      .savedModel("model"), inputs: ["keras_tensor": ["data"]], outputs: ["output_0": "preds"])
    for (form, table) in [
      ("digits(\"data\")", images.withColumn("preds", digits("data"))),
      ("digits(structure(\"data\"))", images.withColumn("preds", digits(structure("data")))),
      ("digits(structure(784 columns))", wide.withColumn("preds", digits(structure(pixels)))),
      ("digits(array(784 columns))", wide.withColumn("preds", digits(array(pixels)))),
      ("predicting(.savedModel(\"model\"))", plain),
    ] {
      try await report(form, table)
    }
    try await served(spark, ["digits": .savedModel("model")]) { servers in
      let answers = try await images.predicting(
        servers.model(), inputs: ["keras_tensor": ["data"]], outputs: ["output_0": "preds"])
      try await report("predicting(servers.model())", answers)
    }
    // One input cannot take 784 columns: that is said before the job starts.
    do {
      _ = try await wide.withColumn("preds", digits(pixels)).count()
    } catch {
      print("digits(784 columns): \(String("\(error)".prefix(150)))...")
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
