import KServeServer
import Models
import Synchronization
import Tensors
import Testing

/// Whether requests are joined follows from what the model does with its rows.
@Suite struct JoiningTests {
  /// A loaded model whose answer is a function of all rows of its batch.
  struct RowsModel: Model {
    var inputs: [TensorSpecification]
    var outputs: [TensorSpecification]
    var runtime: String { "test" }
    var body: @Sendable ([String: AnyTensor]) throws -> [String: AnyTensor]

    func run(_ inputs: [String: AnyTensor], outputs: [String]?) throws -> [String: AnyTensor] {
      try body(inputs)
    }

    /// A model of rows of three numbers.
    static func numbers(_ body: @escaping @Sendable ([[Float]]) throws -> [[Float]]) -> RowsModel {
      RowsModel(
        inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 3])],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 3])]
      ) { inputs in
        let x: Tensor<Float> = try inputs["x"]!.typed()
        let rows = (0..<x.rowCount).map { x.rows($0..<$0 + 1).scalars }
        let result = try body(rows)
        return ["y": .float32(try Tensor(result.flatMap { $0 }, shape: [result.count, 3]))]
      }
    }

    /// A model of one input that gives it back, if it takes it.
    static func echo(
      _ type: ElementType, _ rowShape: Shape = [2], name: String = "x",
      _ check: @escaping @Sendable (AnyTensor) throws -> Void = { _ in }
    ) -> RowsModel {
      RowsModel(
        inputs: [TensorSpecification(name: name, elementType: type, shape: rowShape.batched(-1))],
        outputs: [TensorSpecification(name: "y", elementType: type, shape: rowShape.batched(-1))]
      ) { inputs in
        try check(inputs[name]!)
        return ["y": inputs[name]!]
      }
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var title: String
    var model: RowsModel
    /// What the decision says.
    var expected: String
    var testDescription: String { title }
  }

  private static func mean(_ rows: [[Float]]) -> [Float] {
    (0..<3).map { column in rows.reduce(0) { $0 + $1[column] } / Float(rows.count) }
  }

  private static func whole(_ tensor: AnyTensor) throws -> [Int64] {
    try (tensor.typed() as Tensor<Int64>).scalars
  }

  static let joins = "requests are joined: joined rows got"
  static let depends = "requests are not joined: rows depend on the others"
  static let cases: [Case] = [
    Case(
      title: "each row by itself", model: .numbers { $0.map { $0.map { 2 * $0 + 1 } } },
      expected: joins),
    Case(
      title: "rounded otherwise in larger batches",
      model: .numbers { rows in rows.map { $0.map { $0 * (1 + Float(rows.count) * 1e-7) } } },
      expected: joins),
    Case(
      title: "less the mean",
      model: .numbers { rows in
        let mean = mean(rows)
        return rows.map { row in (0..<3).map { row[$0] - mean[$0] } }
      }, expected: depends),
    Case(
      title: "a little of the mean",
      model: .numbers { rows in
        let mean = mean(rows)
        return rows.map { row in (0..<3).map { row[$0] + 0.001 * mean[$0] } }
      }, expected: depends),
    Case(
      title: "by the number of rows",
      model: .numbers { rows in rows.map { $0.map { $0 / Float(rows.count) } } },
      expected: depends),
    Case(
      title: "by the number of rows, of many only",
      model: .numbers { rows in rows.map { $0.map { rows.count > 8 ? -$0 : $0 } } },
      expected: depends),
    Case(
      title: "sums so far",
      model: .numbers { rows in
        var sum: [Float] = [0, 0, 0]
        return rows.map { row in
          sum = (0..<3).map { sum[$0] + row[$0] }
          return sum
        }
      }, expected: depends),
    Case(
      title: "a scale found from the whole batch",
      model: .numbers { rows in
        let scale = max(rows.joined().map(abs).max() ?? 1, 1e-6) / 127
        return rows.map { $0.map { ($0 / scale).rounded() * scale } }
      }, expected: depends),
    Case(
      title: "the other way round", model: .numbers { $0.reversed() }, expected: depends),
    Case(
      title: "one row for all",
      model: .numbers { rows in [mean(rows)] },
      expected: "requests are not joined: the output 'y' of 2 rows has the shape [1, 3]"),
    Case(
      title: "takes single rows only",
      model: .numbers { rows in
        if rows.count > 2 { throw TensorError("too many") }
        return rows
      }, expected: "requests are not joined: the model takes requests alone, but not joined"),
    Case(
      title: "the same for all", model: .numbers { $0.map { _ in [1, 2, 3] } },
      expected: "the model answered every row of the check alike"),
    Case(
      title: "no two answers alike",
      model: .numbers { $0.map { $0.map { _ in Float.random(in: 0...1) } } }, expected: depends),
    Case(
      title: "takes nothing", model: .numbers { _ in throw TensorError("never") },
      expected: "the model takes none of the values"),
    Case(
      title: "a vocabulary of 50",
      model: .echo(.int64) {
        if try whole($0).contains(where: { $0 < 0 || $0 >= 50 }) { throw TensorError("range") }
      }, expected: joins),
    Case(
      title: "a vocabulary of 2",
      model: .echo(.int64) {
        if try whole($0).contains(where: { $0 < 0 || $0 > 1 }) { throw TensorError("range") }
      }, expected: joins),
    Case(
      title: "no zeros",
      model: .echo(.int64) { if try whole($0).contains(0) { throw TensorError("division") } },
      expected: joins),
    Case(title: "texts", model: .echo(.string), expected: joins),
    Case(title: "truth values", model: .echo(.bool, [9]), expected: joins),
    Case(title: "bytes", model: .echo(.uint8), expected: joins),
    Case(title: "halves", model: .echo(.float16), expected: joins),
    Case(
      title: "images of at least 30 pixels",
      model: .echo(.float32, [1, -1, -1]) {
        if $0.shape[2] < 30 { throw TensorError("too small") }
      }, expected: joins),
    Case(
      title: "masks that hide nothing at first",
      model: .echo(.int64, [-1], name: "attention_mask") {
        let tensor: Tensor<Int64> = try $0.typed()
        for row in 0..<tensor.rowCount where tensor[row, 0] != 1 { throw TensorError("hidden") }
        if tensor.scalars.contains(where: { $0 > 1 }) { throw TensorError("no mask") }
      }, expected: joins),
  ]

  @Test func decidesByATestRun() async throws {
    try await withServer { server in
      for (index, test) in Self.cases.enumerated() {
        try server.bind("m\(index)", model: test.model)
      }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      for (index, test) in Self.cases.enumerated() {
        let text = try await HTTPProbe.ask(port, "GET", "/v2/models/m\(index)/stats").text
        #expect(
          text.contains("\"joining\":\"") && text.contains(test.expected), "\(test.title): \(text)")
        // The check is no traffic.
        #expect(text.contains("\"execution_count\":0,"), "\(test.title)")
      }
      let page = try await HTTPProbe.ask(port, "GET", "/status.json").text
      #expect(page.contains("\"notes\":[\"\(Self.depends)"))
    }
  }

  @Test(arguments: [
    (RequestJoining.always, "requests are joined: as was asked for"),
    (.never, "requests are not joined: as was asked for"),
  ]) func doesAsItWasAsked(_ joining: RequestJoining, _ expected: String) async throws {
    let runs = Mutex(0)
    let model = RowsModel.numbers { rows in
      runs.withLock { $0 += 1 }
      return rows
    }
    try await withServer { server in
      var configuration = ModelServingConfiguration.suited(
        to: model, batching: DynamicBatching(joining: joining))
      configuration.warmUp = .none
      try server.bind("m", model: model, configuration: configuration)
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/models/m/stats").text.contains(expected))
      #expect(runs.withLock { $0 } == 0)
    }
  }

  static func body(_ rows: [[Float]]) -> [UInt8] {
    Array(
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[\(rows.count),3],\"datatype\":\"FP32\",\"data\":\(rows)}]}"
        .utf8)
  }

  /// Every request of a model whose rows depend on each other gets the answer that it gets alone, those
  /// of several rows as one batch.
  @Test func answersEachRequestAsIfItWereAlone() async throws {
    let sizes = Mutex<[Int]>([])
    let center = RowsModel.numbers { rows in
      sizes.withLock { $0.append(rows.count) }
      let mean = Self.mean(rows)
      return rows.map { row in (0..<3).map { row[$0] - mean[$0] } }
    }
    let total = RowsModel.numbers { rows in [Self.mean(rows)] }
    try await withServer { server in
      let batching = DynamicBatching(maxQueueDelay: .milliseconds(5))
      try server.bind(
        "center", model: center, configuration: .suited(to: center, batching: batching))
      try server.bind(
        "total", model: total, configuration: .suited(to: total, batching: batching))
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for client in 0..<6 {
          tasks.addTask {
            let probe = try HTTPProbe(port: port)
            for round in 0..<8 {
              let rows = (0...(client + round) % 4).map { row in
                (0..<3).map { Float(client * 100 + round * 10 + row * ($0 + 1)) }
              }
              let mean = Self.mean(rows)
              try await probe.send(
                HTTPProbe.request("POST", "/v2/models/center/infer", body: Self.body(rows)))
              let expected = rows.flatMap { row in (0..<3).map { Double(row[$0] - mean[$0]) } }
              let text = try await probe.answer().text
              #expect(text.contains("\"data\":\(expected)".filter { $0 != " " }), "\(text)")
              try await probe.send(
                HTTPProbe.request("POST", "/v2/models/total/infer", body: Self.body(rows)))
              let sum = try await probe.answer().text
              #expect(
                sum.contains("\"shape\":[1,3]") && sum.contains("\(Double(mean[1]))"), "\(sum)")
            }
          }
        }
        try await tasks.waitForAll()
      }
    }
    #expect(sizes.withLock { $0.contains(4) })
  }
}
