import ArgumentParser
import Foundation
import Logging
import Needletail
import ServiceLifecycle
import UnixSignals

/// Serves models to clients of KServe v2.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves models over gRPC and HTTP, as Triton does (KServe v2).",
    discussion: """
      Each model is called after its file or folder, or NAME=PATH. Rows of several requests are joined \
      into one batch while the model is busy, and up to --max-queue-delay for more. Once the models are \
      loaded one line tells the ports; a page at http://HOST:PORT/ shows what they do. Ctrl-C or \
      SIGTERM ends the server when the requests at work are answered, at the latest after \
      --exit-timeout; a second one ends it at once.

      Exit status: 0 stopped, 1 failed, 64 the command line is wrong.
      """)

  @Argument(
    help: ArgumentHelp(
      "The models: files (.onnx, .pt2) or folders (SavedModel, HuggingFace), each NAME=PATH if the "
        + "name shall be another.",
      valueName: "model"))
  var models: [String]

  @Option(help: "The address to listen on; 0.0.0.0 lets other machines call, unencrypted.")
  var host = "127.0.0.1"

  @Option(help: "The port for HTTP; 0 for any that is free.")
  var httpPort = 8000

  @Option(help: "The port for gRPC; 0 for any that is free.")
  var grpcPort = 8001

  @Option(help: "The port for Prometheus's metrics; 0 for any that is free.")
  var metricsPort = 8002

  @Option(help: "The most rows of a request, and of a batch that requests are joined to.")
  var maxBatchSize = 4096

  @Option(help: "Rows that start a batch at once; may be given several times.")
  var preferredBatchSize: [Int] = []

  @Option(help: "Microseconds that a request may wait for others to join it.")
  var maxQueueDelay = 0

  @Option(help: "The requests that may wait for a model; 0 for any number.")
  var maxQueueSize = 0

  @Flag(help: "Answer requests in the order in which they came.")
  var preserveOrdering = false

  @Option(help: "The batches of a model that run at the same time.")
  var instances = 1

  @Option(help: "The threads that one prediction uses.")
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "What computes the ONNX models: cpu, cuda or tensorrt, on the first GPU that "
        + "CUDA_VISIBLE_DEVICES leaves."))
  var provider: ModelSource.Provider = .cpu

  @Option(help: "The longest request in bytes.")
  var maxRequestBytes = 256 << 20

  @Option(help: "Seconds that requests at work may take when the server shall end.")
  var exitTimeout = 30

  @Flag(help: "Print the ports as JSON.")
  var json = false

  func validate() throws {
    for (name, port) in [
      ("--http-port", httpPort), ("--grpc-port", grpcPort), ("--metrics-port", metricsPort),
    ] where !(0...65535).contains(port) {
      throw ValidationError("\(name) is \(port), it must be 0 to 65535")
    }
    for (name, value, least) in [
      ("--max-batch-size", maxBatchSize, 1), ("--max-queue-delay", maxQueueDelay, 0),
      ("--max-queue-size", maxQueueSize, 0), ("--instances", instances, 1),
      ("--threads", threads, 1), ("--max-request-bytes", maxRequestBytes, 1),
      ("--exit-timeout", exitTimeout, 0),
    ] where value < least {
      throw ValidationError("\(name) is \(value), it must be at least \(least)")
    }
  }

  func run() async throws {
    do {
      try await serve()
    } catch {
      throw CommandFailure(error)
    }
  }

  private func serve() async throws {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    let server = KServeServer(
      configuration: .init(
        host: host, httpPort: httpPort, grpcPort: grpcPort, metricsPort: metricsPort,
        maxRequestBytes: maxRequestBytes, exitTimeout: .seconds(exitTimeout)))
    for argument in models {
      let (name, source) = try Self.model(argument)
      let threaded =
        source.format == .kserve ? source : try source.setting("threads", to: "\(threads)")
      let model = try await computed(threaded).load()
      try server.bind(name, model: model, configuration: serving(model))
    }
    let announcing = Task {
      let endpoints = try await server.endpoints
      while !server.isReady { try await Task.sleep(for: .milliseconds(20)) }
      try announce(endpoints)
    }
    let services = ServiceGroup(
      configuration: .init(
        services: [
          .init(
            service: server, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .gracefullyShutdownGroup)
        ], gracefulShutdownSignals: [.sigterm, .sigint],
        logger: Logger(label: "needletail.serve")))
    defer { announcing.cancel() }
    try await services.run()
  }

  /// The model on ``provider``, which those of other runtimes do not have.
  private func computed(_ source: ModelSource) throws -> ModelSource {
    let hasProvider = ![.kserve, .torch, .savedModel].contains(source.format)
    guard provider != .cpu, hasProvider else { return source }
    return try source.setting("provider", to: provider.rawValue)
  }

  /// How a model is served: its rows joined, if all its tensors have an open batch dimension.
  private func serving(_ model: any Model) -> ModelServingConfiguration {
    .suited(
      to: model, maxBatchSize: maxBatchSize,
      batching: DynamicBatching(
        preferredBatchSizes: preferredBatchSize, maxQueueDelay: .microseconds(maxQueueDelay),
        preserveOrdering: preserveOrdering, maxQueueSize: maxQueueSize),
      instances: instances)
  }

  private func announce(_ endpoints: KServeServer.Endpoints) throws {
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(endpoints), as: UTF8.self))
    } else {
      let name = endpoints.host.contains(":") ? "[\(endpoints.host)]" : endpoints.host
      print(
        "ready: http://\(name):\(endpoints.http ?? 0), grpc://\(name):\(endpoints.grpc ?? 0), "
          + "metrics at http://\(name):\(endpoints.metrics ?? 0)/metrics")
    }
    // Whoever reads the ports from a pipe waits for the line.
    fflush(nil)
  }

  /// `PATH`, whose model is called after it, or `NAME=PATH`.
  private static func model(_ argument: String) throws -> (name: String, source: ModelSource) {
    if let equals = argument.firstIndex(of: "="), !argument[..<equals].contains("/") {
      let path = String(argument[argument.index(after: equals)...])
      return (String(argument[..<equals]), try ModelSource(path: path))
    }
    let url = URL(fileURLWithPath: argument)
    let isFile = ["onnx", "pt2"].contains(url.pathExtension.lowercased())
    let name = (isFile ? url.deletingPathExtension() : url).lastPathComponent
    return (name, try ModelSource(path: argument))
  }
}

extension ModelSource.Provider: ExpressibleByArgument {}
