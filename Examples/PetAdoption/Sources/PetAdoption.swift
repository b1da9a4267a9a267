import ExampleReport
import Needletail

/// The model's thirteen inputs: ten strings and three numbers, whose look-ups are inside it.
let names = [
  "Type", "Breed1", "Gender", "Color1", "Color2", "MaturitySize", "FurLength", "Vaccinated",
  "Sterilized", "Health", "Age", "Fee", "PhotoAmt",
]

/// Whether a pet is adopted (a logit): thirteen columns, each an input of the model.
let adoption = PredictBatchUDF("adoption", returning: .float, batchSize: 100) { worker in
  let model = try SavedModel(path: worker.file("model"))
  return {
    (
      type: StringTensor, breed: StringTensor, gender: StringTensor, color1: StringTensor,
      color2: StringTensor, size: StringTensor, fur: StringTensor, vaccinated: StringTensor,
      sterilized: StringTensor, health: StringTensor, age: Tensor<Int64>, fee: Tensor<Float>,
      photos: Tensor<Float>
    ) -> Tensor<Float> in
    let strings = [type, breed, gender, color1, color2, size, fur, vaccinated, sterilized, health]
    let numbers: [AnyTensor] = [.int64(age), .float32(fee), .float32(photos)]
    let inputs = Dictionary(uniqueKeysWithValues: zip(names, strings.map { .string($0) } + numbers))
    let columns = try model.inputs.compactMap { try inputs[$0.name]?.reshaped(to: [age.count, 1]) }
    return try model.run(columns)[0].typed()
  }
}

@main
struct PetAdoption: SparkProgram {
  static let functions: [any UserDefinedFunction] = [adoption]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFolder("model")
    let pets = spark.read.parquet("data/pets.parquet")
    let columns = names.map { col($0) }
    let predictions = pets.withColumn("preds", adoption(columns))
    try await predictions.select("Type", "Age", "Breed1", "Fee", "target", "preds").orderBy("id")
      .show(5)

    let structured = pets.withColumn("preds", adoption(structure(columns)))
    // Columns are found by the names of the model's inputs, and converted to their types.
    let plain = try await pets.predicting(.savedModel("model"), outputs: ["output_0": "preds"])
    let onnx = try await pets.predicting(.onnx("model.onnx"), outputs: ["logit": "preds"])
    let report = Report(
      right: "count_if((preds > 0) = (target = 1))", error: "max(abs(preds - expected))",
      within: 1e-4, of: "TensorFlow")
    try await report("adoption(13 columns)", predictions)
    try await report("adoption(structure(13 columns))", structured)
    try await report("predicting(.savedModel(\"model\"))", plain)
    try await report("predicting(.onnx(\"model.onnx\"))", onnx)
    try await served(spark, ["tf": .savedModel("model"), "onnx": .onnx("model.onnx")]) { servers in
      for (name, output) in [("tf", "output_0"), ("onnx", "logit")] {
        let answers = try await pets.predicting(servers.model(name), outputs: [output: "preds"])
        try await report("predicting(servers.model(\"\(name)\"))", answers)
      }
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
