import ExampleReport
import Needletail

/// Ten scores for an image of 28 x 28 pixels; the model is loaded once per executor process.
let fashion = PredictBatchUDF(
  "fashion", returning: .array(.float), batchSize: 50, inputTensorShapes: [[784]]
) { worker in
  let model = try ONNXSession(path: worker.file("model.onnx"))
  return { (pixels: Tensor<Float>) -> Tensor<Float> in try model.run(pixels) }
}

@main
struct FashionMNIST: SparkProgram {
  static let functions: [any UserDefinedFunction] = [fashion]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFile("model.onnx")
    let images = spark.read.parquet("data/fashion.parquet")
    // The same table with a column for each pixel.
    let pixels = (0..<784).map { col("\($0)") }
    let wide = images.select(
      [col("label"), col("expected")] + (0..<784).map { col("data").getItem($0).as("\($0)") })

    let predictions = images.withColumn("preds", fashion("data"))
      .withColumn("class", expr("array_position(preds, array_max(preds)) - 1"))
    try await predictions.select("id", "label", "class", "preds").orderBy("id").show(5)

    let report = Report(
      right: "count_if(array_position(preds, array_max(preds)) - 1 = label)",
      error: largestDifference("preds", "expected"), within: 1e-4, of: "PyTorch")
    func predicted(_ model: ModelSource) async throws -> DataFrame {
      try await images.predicting(model, inputs: ["x": ["data"]], outputs: ["logits": "preds"])
    }
    for (form, table) in [
      ("fashion(\"data\")", images.withColumn("preds", fashion("data"))),
      ("fashion(col(\"data\"))", images.withColumn("preds", fashion(col("data")))),
      ("fashion(structure(\"data\"))", images.withColumn("preds", fashion(structure("data")))),
      ("fashion(structure(784 columns))", wide.withColumn("preds", fashion(structure(pixels)))),
      ("fashion(array(784 columns))", wide.withColumn("preds", fashion(array(pixels)))),
      ("predicting(.torch(\"made/model.pt2\"))", try await predicted(.torch("made/model.pt2"))),
    ] {
      try await report(form, table)
    }
    for provider in gpuProviders {
      let answers = try await predicted(.onnx("model.onnx", provider: provider))
      try await report.within(0.1)("predicting(.onnx, provider: .\(provider))", answers)
    }
    let models: [String: ModelSource] = [
      "onnx": .onnx("model.onnx"), "torch": .torch("made/model.pt2"),
    ]
    try await served(spark, models) { servers in
      for name in models.keys.sorted() {
        try await report(
          "predicting(servers.model(\"\(name)\"))", predicted(servers.model(name)))
      }
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
