import Foundation
import Needletail

/// The images of a column as small tensors, with the settings that most models have.
let pixels = PredictBatchUDF(
  "pixels", returning: .array(.float), batchSize: 8, flattening: true
) { worker in
  let images = ImagePreprocessing(size: ImageSize(8), normalization: .init(scale: 1.0 / 255))
  return { (content: ArrowColumn, path: [String]) -> Tensor<Float> in
    try images.tensor(from: content, names: path)
  }
}

/// What no executor may die of: models and rows that are broken, as scripts/checks/malformed.py makes
/// them in the folder of `--folder`. Each must be an error in our words, and the executor's process
/// must be the same afterwards.
///
/// The driver would refuse most models before anything is sent, so a stand-in that claims the right
/// inputs and outputs is planned with: the executor is the one that loads the broken file.
enum Malformed {
  struct Case: Decodable, Sendable {
    struct Tensor: Decodable, Sendable {
      var name: String
      var type: ElementType
      var shape: [Int]

      var specification: TensorSpecification {
        TensorSpecification(name: name, elementType: type, shape: Shape(shape))
      }
    }

    var name: String
    /// `onnx`, `torch`, `savedModel`, `sentiment`, `embeddings`, `translation` or `images`.
    var kind: String
    /// The model's file or folder, none for images.
    var model: String?
    var options: [String: String]
    /// A Parquet table and the columns to make of it, in SQL.
    var table: String
    var columns: [String]
    /// What the stand-in claims.
    var inputs: [Tensor]
    var outputs: [Tensor]
    /// What the error must contain; nothing if the rows are good.
    var says: [String]
    /// Whether this is no error: the executor still does what it should.
    var isGood: Bool
  }

  private struct StandIn: Model {
    var inputs: [TensorSpecification]
    var outputs: [TensorSpecification]
    var runtime: String { "none" }

    func run(_ inputs: [String: AnyTensor], outputs: [String]?) throws -> [String: AnyTensor] {
      throw Refusal(description: "the stand-in was run")
    }
  }

  @Sendable static func run(_ spark: SparkSession) async throws {
    let folder = try IntegrationProgram.option("--folder")
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/cases.json"))
    let cases = try JSONDecoder().decode([Case].self, from: data)
    let worker = try await workers(spark)
    try IntegrationProgram.expect(worker.count == 1, "the processes \(worker)")
    let schemas = try await schemas(of: cases, spark)
    // A case mostly waits for Spark to plan: two at a time, each followed by a good query of its own.
    let failures = try await withThrowingTaskGroup(of: Int.self) { group in
      for lane in 0..<2 {
        group.addTask {
          var failures = 0
          for each in stride(from: lane, to: cases.count, by: 2).map({ cases[$0] }) {
            let schema = schemas[each.table] ?? StructType([])
            if await !isPassed(each, schema, by: worker, spark) { failures += 1 }
          }
          return failures
        }
      }
      return try await group.reduce(0, +)
    }
    try IntegrationProgram.expect(failures == 0, "\(failures) of \(cases.count) cases")
  }

  /// The schema of each table: asked for once, where a query would find it out by a job each time.
  private static func schemas(
    of cases: [Case], _ spark: SparkSession
  ) async throws -> [String: StructType] {
    var found: [String: StructType] = [:]
    for table in Set(cases.map(\.table)) {
      found[table] = try await spark.read.parquet(table).schema()
    }
    return found
  }

  /// Runs one case and then a good query, which the processes `worker` must answer, and tells of both.
  private static func isPassed(
    _ each: Case, _ schema: StructType, by worker: Set<Int>, _ spark: SparkSession
  ) async -> Bool {
    let start = ContinuousClock.now
    var wrong = await perform(each, schema, spark)
    do {
      let now = try await workers(spark)
      if now != worker { wrong = "the process \(worker) became \(now); \(wrong ?? "")" }
    } catch {
      wrong = "a good query failed afterwards: \(error); \(wrong ?? "")"
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let time = String(format: "%.1f s", seconds)
    let more = wrong.map { "\n        \($0)" } ?? ""
    print("\(wrong == nil ? "ok" : "FAILED")  \(each.name)  (\(time))\(more)")
    fflush(nil)
    return wrong == nil
  }

  /// Runs one case; returns what is wrong, `nil` if nothing is.
  private static func perform(
    _ each: Case, _ schema: StructType, _ spark: SparkSession
  ) async -> String? {
    var said: String?
    do {
      let table = spark.read.schema(schema).parquet(each.table)
        .select(each.columns.map { expr($0) })
      _ = try await predicted(each, table).collect()
    } catch {
      said = "\(error)"
    }
    guard let said else { return each.isGood ? nil : "nothing was thrown" }
    if each.isGood { return said }
    let crashes = [
      "crashed unexpectedly", "EOFException", "exited unexpectedly", "Connection reset",
      "WORKER_LOST",
    ]
    for crash in crashes where said.contains(crash) { return "it crashed: \(said)" }
    for text in each.says where !said.contains(text) { return "it does not say '\(text)': \(said)" }
    // The message is for a person who reads it in a terminal.
    return said.count > 20_000 ? "it says \(said.count) characters: \(said.prefix(500))" : nil
  }

  private static func predicted(_ each: Case, _ table: DataFrame) async throws -> DataFrame {
    guard let model = each.model else { return table.select(pixels("content", "path")) }
    var source: ModelSource
    switch each.kind {
    case "onnx": source = .onnx(model)
    case "torch": source = .torch(model)
    case "savedModel": source = .savedModel(model)
    case "sentiment": source = .sentiment(model)
    case "embeddings": source = .embeddings(model)
    case "translation": source = .translation(model)
    default: throw Refusal(description: "there is no kind '\(each.kind)'")
    }
    for (name, value) in each.options { source = try source.setting(name, to: value) }
    let standIn = StandIn(
      inputs: each.inputs.map(\.specification), outputs: each.outputs.map(\.specification))
    return try await table.predicting(source, loaded: standIn, PredictionRequest())
  }

  private static func workers(_ spark: SparkSession) async throws -> Set<Int> {
    let rows = try await spark.range(0, 8, partitions: 2)
      .select(processes(col("id").cast(.double)).as("p")).collect()
    return Set(try rows.map { try $0.get("p", as: Int.self) })
  }
}
