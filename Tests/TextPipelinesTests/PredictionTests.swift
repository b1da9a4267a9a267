import ArrowIPC
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@testable import TextPipelines

/// Pipelines in the form that `predicting` runs on Spark's executors.
@Suite("Pipelines as models of columns", .needsRuntime)
struct PredictionTests {
  private let reference = ModelReference(format: ModelFormat(rawValue: "text"), file: "folder")

  private func predict(
    _ model: any Model, _ texts: [String?], nulls: NullPolicy = .fail
  ) async throws -> (StructType, ArrowColumn) {
    let column = try ArrowColumn(texts.map { $0.map { .string($0) } ?? .null }, type: .utf8)
    let batch = try RecordBatch([(name: "review", column: column)])
    let plan = try ModelPrediction.plan(
      model: model, reference: reference, table: try StructType(arrow: batch.schema),
      inputs: ["text": "review"], batchSize: 4, nulls: nulls)
    let function = ModelPrediction(loaders: [reference.format: { _, _, _ in model }])
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let output = try await function.evaluate(
      BatchList([batch]), invocation: invocation, worker: WorkerContext(models: ModelCache()))
    var columns: [ArrowColumn] = []
    while let batch = try await output.next() { columns += batch.columns }
    return (plan.returnType, try ArrowColumn.concatenating(columns))
  }

  @Test func classification() async throws {
    let golden = try Files.golden("classes", as: ClassGolden.self)
    let (type, column) = try await predict(
      try TextClassifier(path: Files.model("classes")), golden.inputs)
    #expect(type == ["label": .string, "score": .float])
    #expect(column.count == golden.inputs.count)
    let expected = golden.cases[0].answers.map { $0[0].label }
    #expect(
      (0..<column.count).map { column.children[0].value(at: $0) } == expected.map { .string($0) })
  }

  @Test func embedding() async throws {
    let (type, column) = try await predict(
      try SentenceEmbedder(path: Files.model("embeddings")), ["good", "bad", "a", "b", "c"])
    #expect(type == ["embedding": .array(.float)] && column.count == 5)
  }

  @Test func generation() async throws {
    let golden = try Files.golden("sequence", as: GenerationGolden.self)
    let (type, column) = try await predict(
      try SequenceGenerator(path: Files.model("sequence")), golden.inputs)
    #expect(type == ["generated": .string])
    #expect(
      (0..<column.count).map { column.children[0].value(at: $0) }
        == golden.cases[0].texts.map { .string($0) })
  }

  @Test func nulls() async throws {
    let classifier = try TextClassifier(path: Files.model("classes"))
    let texts = ["good", "bad", "a", "b", nil, "c"]
    let error = await #expect(throws: InferenceError.self) { try await predict(classifier, texts) }
    #expect(error?.message.contains("row 4") == true, "\(String(describing: error))")
    let (_, column) = try await predict(classifier, texts, nulls: .skip)
    #expect((0..<6).map { column.isNull($0) } == [false, false, false, false, true, false])
  }
}
