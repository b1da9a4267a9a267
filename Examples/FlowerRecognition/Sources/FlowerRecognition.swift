import ExampleReport
import Needletail

/// Makes a tensor of JPEG bytes, as PIL would.
let images = ImagePreprocessing(
  size: ImageSize(224), resampling: .bicubic, normalization: .init(scale: 2.0 / 255, offset: -1))

/// Five probabilities for a photograph.
let flower = PredictBatchUDF("flower", returning: .array(.float), batchSize: 50) { worker in
  let model = try SavedModel(path: worker.file("model"))
  return { (content: ArrowColumn, path: [String]) -> Tensor<Float> in
    try model.run(images.tensor(from: content, names: path))
  }
}

/// The tensor alone, for a model on a server.
let pixels = PredictBatchUDF(
  "pixels", returning: .array(.float), batchSize: 50, flattening: true
) { _ in
  { (content: ArrowColumn, path: [String]) -> Tensor<Float> in
    try images.tensor(from: content, names: path)
  }
}

@main
struct FlowerRecognition: SparkProgram {
  static let functions: [any UserDefinedFunction] = [flower, pixels]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFolder("model")
    let photos = spark.read.format("binaryFile").option("recursiveFileLookup", true)
      .option("pathGlobFilter", "*.jpg").load("data/flower_photos")
      .selectExpr("substring_index(path, '/', -2) as path", "content")
    let table = photos.join(spark.read.parquet("data/flowers.parquet"), on: ["path"])
    let names = "array('daisy', 'dandelion', 'roses', 'sunflowers', 'tulips')"
    let chosen = "\(names)[array_position(preds, array_max(preds)) - 1]"

    let predictions = table.withColumn("preds", flower("content", "path"))
      .withColumn("flower", expr(chosen)).drop("content")
    try await predictions.select("path", "label", "flower", "preds").orderBy("path").show(5)
    let report = Report(
      right: "count_if(\(chosen) = label)", error: largestDifference("preds", "expected"),
      within: 1e-3, of: "TensorFlow")
    let structured = table.withColumn("preds", flower(structure("content", "path")))
    try await report("flower(\"content\", \"path\")", predictions)
    try await report("flower(structure(\"content\", \"path\"))", structured)
    try await served(spark, ["flowers": .savedModel("model")]) { servers in
      let answers = try await table.withColumn("image", pixels("content", "path")).predicting(
        servers.model(), outputs: ["output_0": "preds"], batchSize: 50)
      try await report("predicting(servers.model())", answers)
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
