import ExampleReport
import Needletail

/// A vector of 384 numbers for a text, by the same pipeline in a closure of our own.
let embed = PredictBatchUDF("embed", returning: .array(.float), batchSize: 256) { worker in
  let embedder = try SentenceEmbedder(path: worker.file("all-MiniLM-L6-v2"))
  return { (texts: [String]) -> Tensor<Float> in try await embedder.embed(texts) }
}

@main
struct SentenceEmbeddings: SparkProgram {
  static let functions: [any UserDefinedFunction] = [embed]

  static func run(_ spark: SparkSession) async throws {
    let texts = spark.read.parquet("data/embeddings.parquet").repartition(4)
    let predictions = try await texts.predicting(
      .embeddings("made/all-MiniLM-L6-v2"), inputs: ["text": ["input"]],
      outputs: ["embedding": "preds"])
    try await predictions.select("input", "preds").orderBy("id").show(5, truncate: 60)
    try await spark.addFolder("made/all-MiniLM-L6-v2")
    let report = Report(
      right: "count_if(size(preds) = 384)", error: largestDifference("preds", "expected"),
      within: 1e-5, of: "sentence-transformers")
    for (form, table) in [
      ("predicting(.embeddings(\"made/all-MiniLM-L6-v2\"))", predictions),
      ("embed(\"input\")", texts.withColumn("preds", embed("input"))),
      ("embed(structure(\"input\"))", texts.withColumn("preds", embed(structure("input")))),
    ] {
      try await report(form, table)
    }
    try await served(spark, ["minilm": .embeddings("made/all-MiniLM-L6-v2")]) { servers in
      let answers = try await texts.predicting(
        servers.model(), inputs: ["text": ["input"]], outputs: ["embedding": "preds"])
      try await report("predicting(servers.model())", answers)
    }
    // Neighbours of the first twelve sentences are pairs of one meaning.
    try await predictions.write.mode(.overwrite).parquet("made/predictions.parquet")
    let written = spark.read.parquet("made/predictions.parquet").filter("id < 12")
    let other = written.selectExpr("id as other", "input as neighbour", "preds as vector")
    let dot = "aggregate(zip_with(preds, vector, (x, y) -> x * y), 0F, (a, x) -> float(a + x))"
    let pairs = written.crossJoin(other).filter("id % 2 = 0 and other = id + 1")
    try await pairs.selectExpr("input", "neighbour", "round(\(dot), 4) as cosine")
      .orderBy("input").show(6, truncate: 50)
  }
}
