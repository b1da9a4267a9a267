import Needletail

/// Tells the species of flowers by their measures.
@main
struct Flowers: SparkProgram {
  static func run(_ spark: SparkSession) async throws {
    let flowers = spark.read.option("header", true).option("inferSchema", true).csv("flowers.csv")
    let predicted = try await flowers.predicting(
      .onnx("flowers.onnx"),
      inputs: ["measures": ["sepal_length", "sepal_width", "petal_length", "petal_width"]],
      outputs: ["species": "predicted"],
      transforms: ["species": .topK(1, labels: ["setosa", "versicolor", "virginica"])])
    try await predicted.select("petal_length", "petal_width", "species", "predicted").show()
  }
}
