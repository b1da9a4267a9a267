import Foundation
import Needletail

/// Servers of models beside the executors: started, used, killed, and gone at the end.
enum NodeServing {
  static let scenarios: [String: @Sendable (SparkSession) async throws -> Void] = [
    "servers": served
  ]

  private static let mark = "NEEDLETAIL_TEST_MARK"

  /// Predictions by servers are those of this process.
  @Sendable static func served(_ spark: SparkSession) async throws {
    let folder = try IntegrationProgram.option("--folder")
    let images = spark.read.parquet(folder + "/digits.parquet")
    let specification = marked(.needletail(["digits": .onnx(folder + "/digits.onnx")]))
    try await spark.withNodeServers(specification.0) { servers in
      print(servers.servers, servers.models)
      let rows = try await images.predicting(
        try servers.model(), outputs: ["probabilities": "p"], batchSize: 100
      ).collect()
      let right = try rows.count { row in
        let p = try row.get("p", as: [Float].self)
        return p.indices.max { p[$0] < p[$1] } == (try row.get("label", as: Int.self))
      }
      try IntegrationProgram.expect(
        rows.count == 1797 && right == 1760, "\(right) of \(rows.count)")
    }
    try await nothingIsLeft(specification.mark)
  }

  /// A specification whose servers' processes can be told by a variable.
  private static func marked(
    _ specification: NodeServerSpecification
  ) -> (NodeServerSpecification, mark: String) {
    var marked = specification
    let value = UUID().uuidString
    marked.environment[mark] = value
    return (marked, value)
  }

  /// The processes that a mark is on, and all supervisors.
  static func processes(_ value: String) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { pid in
      let variables = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
      if variables.range(of: Data("\(mark)=\(value)".utf8)) != nil { return true }
      let words = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
      return words.range(of: Data("--needletail-supervise".utf8)) != nil
    }
  }

  static func nothingIsLeft(_ value: String, within limit: Duration = .seconds(5)) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
      let left = processes(value)
      let folders = try FileManager.default.contentsOfDirectory(
        atPath: "\(NSTemporaryDirectory())/needletail-\(getuid())")
      let memory = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
        .filter { $0.hasPrefix("needletail") || $0.hasPrefix("psm_") }
      if left.isEmpty, folders.isEmpty, memory.isEmpty { return }
      try IntegrationProgram.expect(
        ContinuousClock.now < deadline, "left: \(left), \(folders), \(memory)")
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}
