import KServeProtocol
import KServeServer
import Logging
import Models
import ServiceLifecycle
import Synchronization
import Tensors
import Testing

@Suite struct ServingTests {
  static let row = [TensorSpecification(name: "x", elementType: .int32, shape: [-1, 1])]
  static let answer = [TensorSpecification(name: "y", elementType: .int32, shape: [-1, 1])]

  static func body(_ values: [Int], more: String = "") -> [UInt8] {
    Array(
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[\(values.count),1],\"datatype\":\"INT32\",\"data\":\(values)}]\(more)}"
        .utf8)
  }

  static func infer(
    _ port: Int, _ model: String, _ values: [Int], more: String = ""
  ) async throws -> HTTPProbe.Answer {
    try await HTTPProbe.ask(
      port, "POST", "/v2/models/\(model)/infer", body: body(values, more: more))
  }

  /// Waits until `condition` holds.
  static func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<2000 {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("what was waited for did not happen within ten seconds")
  }

  @Test(arguments: [false, true]) func joinsRequestsOfManyClients(inOrder: Bool) async throws {
    let executions = Mutex<[Int]>([])
    let senders = 12
    let rounds = 5
    try await withServer { server in
      try server.bind(
        "ids", inputs: Self.row, outputs: Self.answer,
        configuration: ModelServingConfiguration(
          maxBatchSize: 64,
          batching: DynamicBatching(
            maxQueueDelay: .milliseconds(40), preserveOrdering: inOrder),
          instances: inOrder ? 3 : 1)
      ) { batch in
        let x: Tensor<Int32> = try batch.tensor("x")
        executions.withLock { $0.append(batch.rowCount) }
        #expect(batch.members.last?.rows.upperBound == batch.rowCount)
        return ["y": .int32(try Tensor(x.scalars.map { $0 + 1 }, shape: x.shape))]
      }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for sender in 0..<senders {
          tasks.addTask {
            let probe = try HTTPProbe(port: port)
            for round in 0..<rounds {
              let ids = [sender * 1000 + round * 10, sender * 1000 + round * 10 + 1]
              try await probe.send(
                HTTPProbe.request("POST", "/v2/models/ids/infer", body: Self.body(ids)))
              let answer = try await probe.answer()
              #expect(answer.text.contains("\"data\":[\(ids[0] + 1),\(ids[1] + 1)]"))
            }
          }
        }
        try await tasks.waitForAll()
      }
      let stats = try await HTTPProbe.ask(port, "GET", "/v2/models/ids/stats").text
      #expect(stats.contains("\"inference_count\":\(senders * rounds * 2),"))
    }
    let sizes = executions.withLock { $0 }
    #expect(sizes.reduce(0, +) == senders * rounds * 2)
    #expect(sizes.count * 3 <= senders * rounds)
  }

  @Test func deliversInOrderWhicheverInstanceIsFirst() async throws {
    let order = OrderRecorder()
    try await withServer { server in
      try server.bind(
        "ordered", inputs: Self.row, outputs: Self.answer,
        configuration: ModelServingConfiguration(
          maxBatchSize: 1, batching: DynamicBatching(preserveOrdering: true), instances: 2)
      ) { batch in
        let x: Tensor<Int32> = try batch.tensor("x")
        let id = Int(x.scalars[0])
        order.began(id)
        // The first request ends after the second.
        while id == 0, !order.runs.contains(1) { try await Task.sleep(for: .milliseconds(2)) }
        order.ran(id)
        return ["y": .int32(x)]
      }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for id in 0..<2 {
          tasks.addTask {
            _ = try await Self.infer(port, "ordered", [id])
            // The second answer had to wait for the first request's end.
            #expect(order.runs == [1, 0])
          }
          try await Self.eventually { order.begun.contains(id) }
        }
        try await tasks.waitForAll()
      }
    }
  }

  final class OrderRecorder: Sendable {
    private let state = Mutex<(begun: [Int], ran: [Int])>(([], []))
    func began(_ id: Int) { state.withLock { $0.begun.append(id) } }
    func ran(_ id: Int) { state.withLock { $0.ran.append(id) } }
    var begun: [Int] { state.withLock { $0.begun } }
    var runs: [Int] { state.withLock { $0.ran } }
  }

  @Test func failsJustTheRequestsOfAFailingBatch() async throws {
    try await withServer { server in
      try server.bind(
        "picky", inputs: Self.row, outputs: Self.answer,
        configuration: ModelServingConfiguration(maxBatchSize: 8)
      ) { batch in
        let x: Tensor<Int32> = try batch.tensor("x")
        if x.scalars.contains(13) { throw KServeError(.invalidArgument, "13 is not allowed") }
        return ["y": .int32(x)]
      }
    } _: { server, endpoints in
      let port = try #require(endpoints.http)
      let refused = try await Self.infer(port, "picky", [13])
      #expect(refused.status == 400)
      #expect(refused.text == "{\"error\":\"13 is not allowed\"}")
      #expect(try await Self.infer(port, "picky", [12]).status == 200)
      #expect(server.isReady)
    }
  }

  /// A model that waits until it is told to go on.
  final class Gate: Sendable {
    let isOpen = Mutex(false)
    let entered = Mutex(0)

    func pass() async throws {
      entered.withLock { $0 += 1 }
      while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) }
    }

    func open() { isOpen.withLock { $0 = true } }

    func bind(_ server: KServeServer, batching: DynamicBatching? = DynamicBatching()) throws {
      try server.bind(
        "gate", inputs: ServingTests.row, outputs: ServingTests.answer,
        configuration: ModelServingConfiguration(maxBatchSize: 4, batching: batching)
      ) { [self] batch in
        try await pass()
        return ["y": .int32(try batch.tensor("x"))]
      }
    }
  }

  @Test func limitsTheQueueAndItsTime() async throws {
    let gate = Gate()
    try await withServer { server in
      try gate.bind(
        server,
        batching: DynamicBatching(maxQueueSize: 1, allowTimeoutOverride: true))
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      async let running = Self.infer(port, "gate", [1])
      try await Self.eventually { gate.entered.withLock { $0 } == 1 }
      let late = try await Self.infer(
        port, "gate", [2], more: ",\"parameters\":{\"timeout\":20000}")
      #expect(late.status == 503)
      #expect(late.text.contains("Request timeout expired"))
      async let waiting = Self.infer(port, "gate", [3])
      try await Self.eventually {
        try await HTTPProbe.ask(port, "GET", "/status.json").text.contains("\"waiting\":1")
      }
      let refused = try await Self.infer(port, "gate", [4])
      #expect(refused.status == 503)
      #expect(refused.text.contains("Exceeds maximum queue size"))
      // A model at work holds up nothing else.
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/health/live").status == 200)
      gate.open()
      #expect(try await running.status == 200)
      #expect(try await waiting.status == 200)
      let metrics = try await HTTPProbe.ask(try #require(endpoints.metrics), "GET", "/metrics")
      #expect(metrics.text.contains("reason=\"REJECTED\",version=\"1\"} 2\n"))
    }
  }

  @Test func takesTheRequestsOfClosedConnectionsOutOfTheQueue() async throws {
    let gate = Gate()
    try await withServer {
      try gate.bind($0)
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      async let running = Self.infer(port, "gate", [1])
      try await Self.eventually { gate.entered.withLock { $0 } == 1 }
      let leaving = try HTTPProbe(port: port)
      try await leaving.send(
        HTTPProbe.request("POST", "/v2/models/gate/infer", body: Self.body([2])))
      func isWaiting() async throws -> Bool {
        try await HTTPProbe.ask(port, "GET", "/status.json").text.contains("\"waiting\":1")
      }
      try await Self.eventually { try await isWaiting() }
      leaving.close()
      try await Self.eventually { try await !isWaiting() }
      gate.open()
      #expect(try await running.status == 200)
      let stats = try await HTTPProbe.ask(port, "GET", "/v2/models/gate/stats").text
      #expect(stats.contains("\"execution_count\":1,"))
    }
  }

  @Test func loadsAndUnloadsModels() async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { server, endpoints in
      let port = try #require(endpoints.http)
      func ask(_ path: String, _ method: String = "POST") async throws -> HTTPProbe.Answer {
        try await HTTPProbe.ask(port, method, path, body: method == "POST" ? [] : nil)
      }
      #expect(try await ask("/v2/repository/models/double/unload").status == 200)
      #expect(try await ask("/v2/models/double/ready", "GET").status == 400)
      let gone = try await HTTPProbe.ask(
        port, "POST", HTTPServerTests.infer, body: HTTPServerTests.json())
      #expect(gone.status == 404)
      #expect(gone.text.contains("'double' has no available versions"))
      let index = try await ask("/v2/repository/index").text
      #expect(index.contains("\"state\":\"UNAVAILABLE\",\"reason\":\"unloaded\""))
      #expect(try await ask("/v2/health/ready", "GET").status == 200)
      #expect(try await ask("/v2/repository/models/double/load").status == 200)
      let back = try await HTTPProbe.ask(
        port, "POST", HTTPServerTests.infer, body: HTTPServerTests.json())
      #expect(back.status == 200)
      let refused = try await HTTPProbe.ask(
        port, "POST", "/v2/repository/models/double/load",
        body: Array("{\"parameters\":{\"config\":\"{}\"}}".utf8))
      #expect(refused.status == 400)
    }
  }

  @Test func servesTheHighestVersionUnlessAsked() async throws {
    try await withServer { server in
      for version in [1, 3] {
        try server.bind(
          "versions", inputs: Self.row, outputs: Self.answer,
          configuration: ModelServingConfiguration(version: version)
        ) { batch in
          let x: Tensor<Int32> = try batch.tensor("x")
          return ["y": .int32(try Tensor(x.scalars.map { $0 * Int32(version) }, shape: x.shape))]
        }
      }
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      for (path, expected) in [
        ("versions", "3"), ("versions/versions/1", "1"), ("versions/versions/3", "3"),
      ] {
        let answer = try await HTTPProbe.ask(
          port, "POST", "/v2/models/\(path)/infer", body: Self.body([1]))
        #expect(answer.text.contains("\"model_version\":\"\(expected)\""))
        #expect(answer.text.contains("\"data\":[\(expected)]"))
      }
    }
  }

  @Test func endsWhatItHasBegunBeforeItStops() async throws {
    let gate = Gate()
    try await withServer {
      try gate.bind($0)
    } _: { server, endpoints in
      let port = try #require(endpoints.http)
      async let running = Self.infer(port, "gate", [1])
      try await Self.eventually { gate.entered.withLock { $0 } == 1 }
      let open = try HTTPProbe(port: port)
      server.shutDown()
      try await Self.eventually { !server.isReady }
      try await open.send(HTTPProbe.request("GET", "/v2/health/ready"))
      #expect(try await open.answer().status == 400)
      try await open.send(
        HTTPProbe.request("POST", "/v2/models/gate/infer", body: Self.body([2])))
      #expect(try await open.answer().status == 503)
      gate.open()
      #expect(try await running.status == 200)
    }
  }

  @Test func stopsWaitingAfterItsTime() async throws {
    let gate = Gate()
    let started = ContinuousClock.now
    try await withServer(exitTimeout: .milliseconds(200)) {
      try gate.bind($0)
    } _: { server, endpoints in
      let port = try #require(endpoints.http)
      let stuck = try HTTPProbe(port: port)
      try await stuck.send(
        HTTPProbe.request("POST", "/v2/models/gate/infer", body: Self.body([1])))
      try await Self.eventually { gate.entered.withLock { $0 } == 1 }
    }
    #expect(ContinuousClock.now - started < .seconds(8))
    gate.open()
  }

  @Test func endsWithAnUnrecoverableError() async throws {
    let error = await #expect(throws: KServeServerError.self) {
      try await withServer { server in
        try server.bind("dying", inputs: Self.row, outputs: Self.answer) { _ in
          throw KServeServerError.unrecoverable("the device at /dev/gpu0 is lost")
        }
      } _: { server, endpoints in
        let answer = try await Self.infer(try #require(endpoints.http), "dying", [1])
        #expect(answer.status == 500)
        #expect(!server.isReady)
      }
    }
    #expect(error?.code == .unrecoverable)
    #expect(error?.model == "dying")
  }

  @Test func isNotReadyBeforeItsModelsAreWarm() async throws {
    let gate = Gate()
    let server = KServeServer(
      configuration: .init(httpPort: 0, grpcPort: nil, metricsPort: nil, networkThreads: 1))
    try server.bind(
      "warm", inputs: Self.row, outputs: Self.answer,
      configuration: ModelServingConfiguration(warmUp: .zeros(rows: 2))
    ) { batch in
      try await gate.pass()
      return ["y": .int32(try batch.tensor("x"))]
    }
    let running = Task { try await server.run() }
    let endpoints = try await server.endpoints
    #expect(endpoints.grpc == nil && endpoints.metrics == nil)
    let port = try #require(endpoints.http)
    try await Self.eventually { gate.entered.withLock { $0 } == 1 }
    #expect(try await HTTPProbe.ask(port, "GET", "/v2/health/live").status == 200)
    #expect(try await HTTPProbe.ask(port, "GET", "/v2/health/ready").status == 400)
    gate.open()
    try await Self.eventually { server.isReady }
    let stats = try await HTTPProbe.ask(port, "GET", "/v2/models/warm/stats").text
    #expect(stats.contains("\"execution_count\":0,"))
    running.cancel()
    try await running.value
    await #expect(throws: KServeServerError.self) { try await server.endpoints }
    await #expect(throws: KServeServerError.self) { try await server.run() }
  }

  @Test func refusesToStartWithAModelThatFailsItsWarmUp() async throws {
    let server = KServeServer(configuration: .init(httpPort: 0, grpcPort: 0, metricsPort: nil))
    try server.bind(
      "broken", inputs: Self.row, outputs: Self.answer,
      configuration: ModelServingConfiguration(warmUp: .zeros())
    ) { _ in [:] }
    let error = await #expect(throws: KServeServerError.self) { try await server.run() }
    #expect(error?.code == .modelStart)
    #expect(error?.message.contains("the output 'y' is missing") == true)
  }

  @Test(arguments: ["http", "grpc"]) func saysThatAPortIsTaken(kind: String) async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let taken = try #require(endpoints.http)
      let second = KServeServer(
        configuration: .init(
          httpPort: kind == "http" ? taken : nil, grpcPort: kind == "grpc" ? taken : nil,
          metricsPort: nil))
      let error = await #expect(throws: KServeServerError.self) { try await second.run() }
      #expect(error?.code == .bind)
      #expect(error?.message.contains("127.0.0.1:\(taken)") == true)
      await #expect(throws: KServeServerError.self) { try await second.endpoints }
    }
  }

  @Test func isAServiceThatEndsGracefully() async throws {
    let server = KServeServer(
      configuration: .init(httpPort: 0, grpcPort: 0, metricsPort: 0, networkThreads: 1))
    try server.bindDouble()
    let group = ServiceGroup(
      services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let running = Task { try await group.run() }
    _ = try await server.endpoints
    try await Self.eventually { server.isReady }
    await group.triggerGracefulShutdown()
    try await running.value
    #expect(!server.isReady)
  }

  @Test func refusesWhatCannotBeServed() throws {
    let server = KServeServer()
    func refused(
      _ name: String = "m", _ inputs: [TensorSpecification] = Self.row,
      _ outputs: [TensorSpecification] = Self.answer,
      _ configuration: ModelServingConfiguration = ModelServingConfiguration()
    ) -> String? {
      #expect(throws: KServeServerError.self) {
        try server.bind(name, inputs: inputs, outputs: outputs, configuration: configuration) {
          _ in [:]
        }
      }?.message
    }
    #expect(refused("a/b")?.contains("letters, digits") == true)
    #expect(refused("")?.contains("letters, digits") == true)
    #expect(refused("m", Self.row, [])?.contains("one tensor") == true)
    #expect(refused("m", Self.row + Self.row)?.contains("same name") == true)
    let fixed = [TensorSpecification(name: "x", elementType: .int32, shape: [4, 1])]
    #expect(refused("m", fixed)?.contains("open batch dimension") == true)
    #expect(refused("m", Self.row, Self.answer, .init(version: 0)) != nil)
    #expect(refused("m", Self.row, Self.answer, .init(instances: 0)) != nil)
    #expect(refused("m", Self.row, Self.answer, .init(optionalInputs: ["q"])) != nil)
    let batching = DynamicBatching(preferredBatchSizes: [9])
    #expect(refused("m", Self.row, Self.answer, .init(maxBatchSize: 8, batching: batching)) != nil)
    #expect(throws: Never.self) { try server.bindDouble("m") }
    #expect(refused("m")?.contains("bound already") == true)
  }
}
