import KServeProtocol
import KServeServer
import Models
import SwiftProtobuf
import Tensors
import Testing

/// Outputs that declare one row, where the inputs take any number.
@Suite struct UndeclaredRowsTests {
  /// A model that gives for each row of five numbers what LightGBM's classifiers do: a label, which is
  /// declared as `declared`, and two probabilities.
  static func classifier(
    _ declared: Shape, inputs: Shape = [-1, 5],
    label: @escaping @Sendable (_ sums: [Float]) throws -> Tensor<Int64> = UndeclaredRowsTests
      .labels
  ) -> JoiningTests.RowsModel {
    JoiningTests.RowsModel(
      inputs: [TensorSpecification(name: "x", elementType: .float32, shape: inputs)],
      outputs: [
        TensorSpecification(name: "label", elementType: .int64, shape: declared),
        TensorSpecification(name: "probabilities", elementType: .float32, shape: [-1, 2]),
      ]
    ) { inputs in
      let x: Tensor<Float> = try inputs["x"]!.typed()
      let sums = (0..<x.rowCount).map { x.rows($0..<$0 + 1).scalars.reduce(0, +) }
      return [
        "label": .int64(try label(sums)),
        "probabilities": .float32(
          try Tensor(sums.flatMap { [$0, 1 - $0] }, shape: [sums.count, 2])),
      ]
    }
  }

  @Sendable static func labels(_ sums: [Float]) throws -> Tensor<Int64> {
    try Tensor(sums.map { Int64($0 > 0 ? 1 : 0) }, shape: [sums.count])
  }

  static func body(_ rows: [[Float]]) -> [UInt8] {
    Array(
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[\(rows.count),5],\"datatype\":\"FP32\",\"data\":\(rows)}]}"
        .utf8)
  }

  static let rows: [[Float]] = [[1, 0, 0, 0, 0], [-1, 0, 0, 0, 0], [2, 0, 0, 0, 0]]

  @Test(arguments: [4096, 0]) func servesWhatTheModelGives(_ maxBatchSize: Int) async throws {
    let one = Self.classifier([1])
    let square = Self.classifier([1, 1]) { sums in
      try Tensor(sums.map { Int64($0 > 0 ? 1 : 0) }, shape: [sums.count, 1])
    }
    // Such an output may as well be one for all.
    let total = Self.classifier([1]) { sums in try Tensor([Int64(sums.count)], shape: [1]) }
    try await withServer { server in
      for (name, model) in [("one", one), ("square", square), ("total", total)] {
        try server.bind(
          name, model: model, configuration: .suited(to: model, maxBatchSize: maxBatchSize))
      }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      for (name, shape, label, declared, joins) in [
        ("one", "[3]", "[1,0,1]", "[-1]", true),
        ("square", "[3,1]", "[1,0,1]", "[-1,1]", true),
        ("total", "[1]", "[3]", "[-1]", false),
      ] {
        let metadata = try await HTTPProbe.ask(port, "GET", "/v2/models/\(name)").text
        #expect(
          metadata.contains("{\"name\":\"label\",\"datatype\":\"INT64\",\"shape\":\(declared)}"),
          "\(metadata)")
        let answer = try await HTTPProbe.ask(
          port, "POST", "/v2/models/\(name)/infer", body: Self.body(Self.rows))
        #expect(answer.status == 200, "\(name): \(answer.text)")
        #expect(
          answer.text.contains("\"shape\":\(shape),\"data\":\(label)"), "\(name): \(answer.text)")
        if maxBatchSize == 0 { continue }
        let stats = try await HTTPProbe.ask(port, "GET", "/v2/models/\(name)/stats").text
        #expect(stats.contains(joins ? JoiningTests.joins : "requests are not joined"), "\(stats)")
      }
    }
  }

  /// Also where no test run shows it, a request gets what the model gives.
  @Test func servesThemWithoutATest() async throws {
    let model = Self.classifier([1]) { sums in try Tensor([Int64(sums.count)], shape: [1]) }
    try await withServer { server in
      try server.bind(
        "m", model: model,
        configuration: .suited(to: model, batching: DynamicBatching(joining: .never)))
    } _: { _, endpoints in
      let answer = try await HTTPProbe.ask(
        try #require(endpoints.http), "POST", "/v2/models/m/infer", body: Self.body(Self.rows))
      #expect(answer.status == 200 && answer.text.contains("\"data\":[3]"), "\(answer.text)")
    }
  }

  /// What declares the rows otherwise is checked as before.
  @Test(arguments: [Shape([2]), [-1, 3]]) func refusesWhatWasNotDeclared(
    _ declared: Shape
  ) async throws {
    let model = Self.classifier(declared)
    try await withServer { server in
      try server.bind("m", model: model)
    } _: { _, endpoints in
      let answer = try await HTTPProbe.ask(
        try #require(endpoints.http), "POST", "/v2/models/m/infer", body: Self.body(Self.rows))
      #expect(answer.status == 500, "\(answer.text)")
      #expect(
        answer.text.contains("'label' has the shape [3], \(declared) was declared"),
        "\(answer.text)")
    }
  }

  @Test func tellsTheSameOverGRPC() async throws {
    let model = Self.classifier([1])
    try await GRPCServerTests.withClient {
      try $0.bind("m", model: model)
    } _: { client, _ in
      let metadata = try await GRPCServerTests.call(
        client, "ModelMetadata", Inference_ModelMetadataRequest.with { $0.name = "m" },
        Inference_ModelMetadataResponse.self)
      #expect(metadata.outputs.map(\.shape) == [[-1], [-1, 2]])
      let config = try await GRPCServerTests.call(
        client, "ModelConfig", Inference_ModelConfigRequest.with { $0.name = "m" },
        Inference_ModelConfigResponse.self)
      #expect(config.config.maxBatchSize == 4096)
      #expect(config.config.output.map(\.dims) == [[], [2]])
    }
  }
}
