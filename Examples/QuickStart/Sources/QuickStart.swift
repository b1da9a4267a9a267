import Needletail

/// Ten probabilities for an image of 8 x 8 pixels; the model is loaded once per executor process.
let mnist = PredictBatchUDF(
  "mnist", returning: .array(.float), batchSize: 1024, inputTensorShapes: [[64]]
) { worker in
  let model = try ONNXSession(path: worker.file("digits.onnx"))
  return { (pixels: Tensor<Float>) -> Tensor<Float> in
    try model.run(pixels)
  }
}

@main
struct QuickStart: SparkProgram {
  static let functions: [any UserDefinedFunction] = [mnist]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFile("digits.onnx")
    let images = spark.read.parquet("digits.parquet")
    let predictions = images.withColumn("preds", mnist("pixels"))
      .withColumn("digit", expr("array_position(preds, array_max(preds)) - 1"))
    try await predictions.select("id", "label", "digit", "preds").orderBy("id").show(10)

    let start = ContinuousClock.now
    try await predictions.write.mode(.overwrite).parquet("predictions.parquet")
    let seconds = (ContinuousClock.now - start) / .seconds(1)

    let written = spark.read.parquet("predictions.parquet")
    let (rows, right) = (
      try await written.count(), try await written.filter("digit = label").count()
    )
    let accuracy = (Double(right) / Double(rows) * 10_000).rounded() / 100
    print("accuracy \(accuracy) % (\(right) of \(rows) images)")
    print("\(Int(Double(rows) / seconds)) rows per second, written to predictions.parquet")
  }
}
