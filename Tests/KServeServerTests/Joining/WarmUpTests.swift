import KServeServer
import Tensors
import Testing

@Suite struct WarmUpTests {
  static let row = ServingTests.row

  /// A loaded model that divides 100 by what it gets.
  static let quotient = JoiningTests.RowsModel(
    inputs: ServingTests.row, outputs: ServingTests.answer
  ) { inputs in
    let x: Tensor<Int32> = try inputs["x"]!.typed()
    if x.scalars.contains(0) { throw TensorError("division by zero in /srv/models/q.onnx") }
    return ["y": .int32(try Tensor(x.scalars.map { 100 / $0 }, shape: x.shape))]
  }

  /// A model that cannot take zeros is served all the same, and says so.
  @Test func servesWhatTakesNoZeros() async throws {
    try await withServer { server in
      try server.bind("quotient", model: Self.quotient)
      try server.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let answer = try await ServingTests.infer(port, "quotient", [5, 20])
      #expect(answer.text.contains("\"data\":[20,5]"), "\(answer.text)")
      let stats = try await HTTPProbe.ask(port, "GET", "/v2/models/quotient/stats").text
      #expect(stats.contains("\"note\":\"served without a warm-up"))
      #expect(!stats.contains("/srv"))
      #expect(
        try await HTTPProbe.ask(port, "POST", HTTPServerTests.infer, body: HTTPServerTests.json())
          .status == 200)
    }
  }

  /// One that must take its warm-up and does not is unavailable; the others are served.
  @Test func aModelThatDoesNotStartCostsItself() async throws {
    try await withServer { server in
      try server.bindDouble()
      try server.bind(
        "broken", inputs: Self.row, outputs: ServingTests.answer,
        configuration: ModelServingConfiguration(warmUp: .zeros())
      ) { _ in [:] }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      #expect(
        try await HTTPProbe.ask(port, "POST", HTTPServerTests.infer, body: HTTPServerTests.json())
          .status == 200)
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/models/broken/ready").status == 400)
      let index = try await HTTPProbe.ask(port, "POST", "/v2/repository/index", body: []).text
      #expect(index.contains("\"state\":\"UNAVAILABLE\""))
      #expect(index.contains("the output 'y' is missing"))
    }
  }
}
