import KServeServer
import Synchronization
import Tensors
import Testing

/// Loads and unloads that come at the same time, of which each answers.
@Suite struct LoadingTests {
  /// The statuses that requests of each kind had.
  final class Statuses: Sendable {
    private let seen = Mutex<[String: Set<Int>]>([:])
    func add(_ status: Int, to kind: String) {
      seen.withLock { _ = $0[kind, default: []].insert(status) }
    }
    var all: [String: Set<Int>] { seen.withLock { $0 } }
  }

  @Test func everyUnloadEndsBesideLoads() async throws {
    try await withServer {
      try $0.bindDouble(configuration: ModelServingConfiguration(maxBatchSize: 8, instances: 3))
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let statuses = Statuses()
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for action in ["load", "unload", "load", "unload", "infer", "infer"] {
          tasks.addTask {
            let probe = try HTTPProbe(port: port)
            for _ in 0..<150 {
              try await probe.send(
                action == "infer"
                  ? HTTPProbe.request(
                    "POST", HTTPServerTests.infer, body: HTTPServerTests.json())
                  : HTTPProbe.request("POST", "/v2/repository/models/double/\(action)", body: []))
              let status = try await probe.answer().status
              statuses.add(status, to: action)
            }
          }
        }
        try await tasks.waitForAll()
      }
      let seen = statuses.all
      #expect(seen["unload"] == [200])
      // A load that an unload overtakes says so.
      #expect(seen["load"]?.isSubset(of: [200, 400]) == true)
      #expect(seen["infer"]?.isSubset(of: [200, 404, 503]) == true)
      // The last word counts.
      for (action, status) in [("unload", 400), ("load", 200)] {
        _ = try await HTTPProbe.ask(
          port, "POST", "/v2/repository/models/double/\(action)", body: [])
        #expect(
          try await HTTPProbe.ask(port, "GET", "/v2/models/double/ready").status == status)
      }
      #expect(
        try await HTTPProbe.ask(port, "POST", HTTPServerTests.infer, body: HTTPServerTests.json())
          .status == 200)
    }
  }

  /// A model that is loaded anew while the one before still works takes requests at once.
  @Test func loadsWhileTheOneBeforeEnds() async throws {
    let gate = ServingTests.Gate()
    try await withServer {
      try gate.bind($0)
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      async let running = ServingTests.infer(port, "gate", [1])
      try await ServingTests.eventually { gate.entered.withLock { $0 } == 1 }
      async let unloading = HTTPProbe.ask(
        port, "POST", "/v2/repository/models/gate/unload", body: [])
      try await ServingTests.eventually {
        try await HTTPProbe.ask(port, "GET", "/v2/models/gate/ready").status == 400
      }
      #expect(
        try await HTTPProbe.ask(port, "POST", "/v2/repository/models/gate/load", body: [])
          .status == 200)
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/models/gate/ready").status == 200)
      gate.open()
      #expect(try await running.status == 200)
      #expect(try await unloading.status == 200)
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/models/gate/ready").status == 200)
    }
  }

  @Test func clientsLoadNothingIfTheyMayNot() async throws {
    try await withServer(configure: { $0.allowsModelControl = false }) {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      for action in ["load", "unload"] {
        let answer = try await HTTPProbe.ask(
          port, "POST", "/v2/repository/models/double/\(action)", body: [])
        #expect(answer.status == 403)
        #expect(answer.text.contains("is not allowed"))
      }
      #expect(try await HTTPProbe.ask(port, "GET", "/v2/models/double/ready").status == 200)
    }
  }
}
