import ExampleReport
import Foundation
import Needletail

/// The model's thirteen inputs: ten strings and three numbers, whose look-ups are inside it.
let texts = [
  "Type", "Breed1", "Gender", "Color1", "Color2", "MaturitySize", "FurLength", "Vaccinated",
  "Sterilized", "Health",
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
    let columns = [
      type, breed, gender, color1, color2, size, fur, vaccinated, sterilized, health,
    ]
    let shape: Shape = [age.count, 1]
    var inputs: [String: AnyTensor] = [:]
    for (name, column) in zip(texts, columns) {
      inputs[name] = .string(try column.reshaped(to: shape))
    }
    inputs["Age"] = .int64(try age.reshaped(to: shape))
    for (name, column) in [("Fee", fee), ("PhotoAmt", photos)] {
      inputs[name] = .float32(try column.reshaped(to: shape))
    }
    return try model.run(model.inputs.compactMap { inputs[$0.name] })[0].typed()
  }
}

@main
struct PetAdoption: SparkProgram {
  static let functions: [any UserDefinedFunction] = [adoption]

  static func run(_ spark: SparkSession) async throws {
    try await spark.addFolder("model")
    let pets = spark.read.parquet("data/pets.parquet")
    let columns = (texts + ["Age", "Fee", "PhotoAmt"]).map { col($0) }
    let predictions = pets.withColumn("preds", adoption(columns))
    try await predictions.select("Type", "Age", "Breed1", "Fee", "target", "preds").orderBy("id")
      .show(5)

    // Columns are found by the names of the model's inputs, and converted to their types.
    let plain = try await pets.predicting(.savedModel("model"), outputs: ["output_0": "preds"])
    let onnx = try await pets.predicting(.onnx("model.onnx"), outputs: ["logit": "preds"])
    for (form, table) in [
      ("adoption(13 columns)", predictions),
      ("adoption(structure(13 columns))", pets.withColumn("preds", adoption(structure(columns)))),
      ("predicting(.savedModel(\"model\"))", plain),
      ("predicting(.onnx(\"model.onnx\"))", onnx),
    ] {
      try await report(
        form, table, right: "count_if((preds > 0) = (target = 1))",
        error: "max(abs(preds - expected))", within: 1e-4, of: "TensorFlow")
    }
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
  }
}
