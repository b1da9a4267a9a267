import ExampleReport
import Needletail

/// The price of a block's houses, in 100,000 $, from eight numbers.
let price = PredictBatchUDF(
  "price", returning: .float, batchSize: 50, inputTensorShapes: [[8]]
) { worker in
  let model = try ONNXSession(path: worker.file("model.onnx"))
  return { (features: Tensor<Float>) -> Tensor<Float> in try model.run(features) }
}

@main
struct HousingRegression: SparkProgram {
  static let functions: [any UserDefinedFunction] = [price]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFile("model.onnx")
    let blocks = spark.read.parquet("data/housing.parquet").repartition(8)
    let names = [
      "MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude",
      "Longitude",
    ]
    let columns = names.map { col($0) }
    let predictions = blocks.withColumn("preds", price(structure(columns)))
    try await predictions.select("id", "MedInc", "target", "preds").orderBy("id").show(5)

    let report = Report(
      right: "count_if(abs(preds - target) < 0.5)", error: "max(abs(preds - expected))",
      within: 1e-4, of: "PyTorch")
    func predicted(_ model: ModelSource) async throws -> DataFrame {
      try await blocks.predicting(
        model, inputs: ["x": InputColumns(names)], outputs: ["value": "preds"])
    }
    let forms = [
      ("price(structure(8 columns))", predictions),
      ("price(array(8 columns))", blocks.withColumn("preds", price(array(columns)))),
      ("predicting(.torch(\"made/model.pt2\"))", try await predicted(.torch("made/model.pt2"))),
    ]
    for (form, table) in forms {
      try await report(form, table)
    }
    for provider in gpuProviders {
      let answers = try await predicted(.onnx("model.onnx", provider: provider))
      try await report.within(0.01)("predicting(.onnx, provider: .\(provider))", answers)
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
    let error = try await predictions.selectExpr("avg(abs(preds - target)) as mae").first()
    let mae = try error?.get("mae") ?? Double.nan
    print("mean absolute error \((mae * 10_000).rounded() / 10_000)")
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
