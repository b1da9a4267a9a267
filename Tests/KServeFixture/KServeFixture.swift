import Foundation
import KServeProtocol
import KServeServer
import Logging
import Models
import Synchronization
import Tensors

/// A server of the models in Tests/Triton/models, for the checks that run against the real
/// tritonserver, too. It prints one line of JSON when it is ready, and ends when its standard input
/// closes.
@main enum KServeFixture {
  static func main() async throws {
    let server = KServeServer(
      configuration: .init(
        httpPort: 0, grpcPort: 0, metricsPort: 0, maxRequestBytes: maxRequestBytes,
        exitTimeout: .seconds(5),
        logger: Logger(label: "fixture") { StreamLogHandler.standardError(label: $0) }))
    try bindModels(to: server)
    Thread.detachNewThread {
      var byte: UInt8 = 0
      while read(STDIN_FILENO, &byte, 1) > 0 {}
      server.shutDown()
    }
    Task {
      let endpoints = try await server.endpoints
      while !server.isReady { try await Task.sleep(for: .milliseconds(5)) }
      print(
        "{\"http\": \(endpoints.http ?? 0), \"grpc\": \(endpoints.grpc ?? 0), "
          + "\"metrics\": \(endpoints.metrics ?? 0), \"pid\": \(getpid()), "
          + "\"version\": \"\(server.configuration.version)\"}")
      fflush(nil)
    }
    try await server.run()
  }

  /// The longest request in bytes; `NEEDLETAIL_FIXTURE_MAX_REQUEST_BYTES` makes it another.
  private static var maxRequestBytes: Int {
    ProcessInfo.processInfo.environment["NEEDLETAIL_FIXTURE_MAX_REQUEST_BYTES"].flatMap { Int($0) }
      ?? 256 << 20
  }

  private static func tensor(
    _ name: String, _ type: ElementType, _ shape: Shape
  ) -> TensorSpecification {
    TensorSpecification(name: name, elementType: type, shape: shape)
  }

  private static func bindModels(to server: KServeServer) throws {
    try server.bind(
      "bench", inputs: [tensor("x", .float32, [-1, 784])],
      outputs: [tensor("y", .float32, [-1, 10])],
      configuration: ModelServingConfiguration(maxBatchSize: 8192)
    ) { batch in
      let x: Tensor<Float> = try batch.tensor("x")
      let y = Tensor<Float>(shape: [x.rowCount, 10]) { y in
        x.withUnsafeBufferPointer { x in
          for row in 0..<y.count / 10 {
            for column in 0..<10 { y[row * 10 + column] = x[row * 784 + column] }
          }
        }
      }
      return ["y": .float32(y)]
    }

    let names = TensorDatatype.allCases.map { ($0.rawValue.lowercased(), $0.elementType) }
    try server.bind(
      "echo", inputs: names.map { tensor("in_" + $0, $1, [-1, -1]) },
      outputs: names.map { tensor("out_" + $0, $1, [-1, -1]) },
      configuration: ModelServingConfiguration(
        maxBatchSize: 4, isStrict: false, optionalInputs: Set(names.map { "in_" + $0.0 }))
    ) { batch in
      var outputs: [String: AnyTensor] = [:]
      for (name, tensor) in batch.inputs { outputs["out_" + name.dropFirst(3)] = tensor }
      return outputs
    }

    try server.bind(
      "slow", inputs: [tensor("milliseconds", .int32, [1])],
      outputs: [tensor("slept", .int32, [1])],
      configuration: ModelServingConfiguration(maxBatchSize: 0)
    ) { batch in
      let milliseconds: Tensor<Int32> = try batch.tensor("milliseconds")
      let time = milliseconds.scalars[0]
      if time < 0 { throw TensorError("the time must not be negative") }
      // Blocks its thread, as a model does.
      usleep(UInt32(time) * 1000)
      return ["slept": .int32(milliseconds)]
    }

    try server.bind(
      decoupled: "stream", inputs: [tensor("count", .int32, [1])],
      outputs: [tensor("number", .int32, [1])],
      configuration: ModelServingConfiguration(maxBatchSize: 0)
    ) { batch in
      let count: Tensor<Int32> = try batch.tensor("count")
      let numbers = count.scalars[0]
      if numbers < 0 { throw TensorError("the count must not be negative") }
      return AsyncThrowingStream<[String: AnyTensor], any Error> { results in
        let work = Task {
          for number in 0..<numbers {
            if numbers >= 1000 { try await Task.sleep(for: .milliseconds(60)) }
            results.yield(["number": .int32(Tensor([number]))])
          }
          results.finish()
        }
        results.onTermination = { _ in work.cancel() }
      }
    }

    let images = { tensor($0, .float32, [-1, 224, 224, 3]) }
    try server.bind(
      "images", inputs: [images("in")], outputs: [images("out")],
      configuration: ModelServingConfiguration(maxBatchSize: 64)
    ) { batch in
      ["out": .float32(try batch.tensor("in"))]
    }

    try bindModelsWithQueues(to: server)
  }

  private static func bindModelsWithQueues(to server: KServeServer) throws {
    try server.bind(
      "queued", inputs: [tensor("milliseconds", .int32, [-1, 1])],
      outputs: [tensor("slept", .int32, [-1, 1])],
      configuration: ModelServingConfiguration(
        maxBatchSize: 4,
        batching: DynamicBatching(
          preferredBatchSizes: [2, 4], maxQueueDelay: .milliseconds(1), preserveOrdering: true,
          maxQueueSize: 2, defaultTimeout: .seconds(5), allowTimeoutOverride: true))
    ) { batch in
      let milliseconds: Tensor<Int32> = try batch.tensor("milliseconds")
      usleep(UInt32(milliseconds.scalars.reduce(0, +)) * 1000)
      return ["slept": .int32(milliseconds)]
    }

    // Its warm-up fails when it is loaded for the second time.
    let loads = Mutex(0)
    try server.bind(
      "loads_once", inputs: [tensor("x", .int32, [-1, 2])],
      outputs: [tensor("y", .int32, [-1, 2])],
      configuration: ModelServingConfiguration(maxBatchSize: 0, warmUp: .zeros())
    ) { batch in
      let x: Tensor<Int32> = try batch.tensor("x")
      let isWarmUp = x.scalars.allSatisfy { $0 == 0 }
      let count = loads.withLock { loads in
        if isWarmUp { loads += 1 }
        return loads
      }
      if isWarmUp, count > 1 { throw TensorError("it has been loaded before") }
      return ["y": .int32(x)]
    }

    for (name, inOrder) in [("rows", false), ("rows_in_order", true)] {
      try server.bind(
        name, inputs: [tensor("id", .int32, [-1, 1])], outputs: [tensor("same", .int32, [-1, 1])],
        configuration: ModelServingConfiguration(
          maxBatchSize: 128,
          batching: DynamicBatching(maxQueueDelay: .milliseconds(5), preserveOrdering: inOrder))
      ) { batch in
        ["same": .int32(try batch.tensor("id"))]
      }
    }
  }
}
