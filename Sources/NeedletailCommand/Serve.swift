public import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
public import Needletail
import ServiceLifecycle
import UnixSignals

/// Serves models to clients of KServe v2.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves models over gRPC and HTTP, as Triton does (KServe v2).",
    discussion: """
      Each model is called after its file or folder, or NAME=PATH. Rows of several requests are joined \
      into one batch while the model is busy, and up to --max-queue-delay for more, if a test run at the \
      start shows that they get the answers that they get alone (--joining). Once the models are \
      loaded one line tells the ports; a page at http://HOST:PORT/ shows what they do. Ctrl-C or \
      SIGTERM ends the server when the requests at work are answered, at the latest after \
      --exit-timeout; a second one ends it at once.

      Exit status: 0 stopped, 1 failed, 64 the command line is wrong.
      """)

  @Argument(
    help: ArgumentHelp(
      "The models: files (.onnx, .pt2), folders (SavedModel, HuggingFace) or ids on a hub "
        + "(hf:ORG/NAME) or of MLflow (models:/NAME@ALIAS), each NAME=PATH if the name shall be "
        + "another.",
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

  @Option(
    help: ArgumentHelp(
      "The most rows of a request, and of a batch that requests are joined to; 0 serves the shapes as "
        + "they are, each request alone."))
  var maxBatchSize = 4096

  @Option(
    help: ArgumentHelp(
      "Whether rows of several requests may run as one batch: check (if a test run shows that it does "
        + "not change their answers), always or never; MODEL=MODE for one model. May be given several "
        + "times. (default: check)",
      valueName: "mode"))
  var joining: [JoiningOption] = []

  @Flag(help: "Do not run the models on zeros before they count as ready.")
  var noWarmUp = false

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

  @Option(
    name: .customLong("option"),
    help: ArgumentHelp(
      "An option of those of the models that have it, such as pipeline=sentence-embeddings or "
        + "file=onnx/model_quantized.onnx; may be given several times.",
      valueName: "name=value"),
    transform: NamedValue.option)
  var options: [NamedValue] = []

  @Option(help: "The threads that one prediction uses.")
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "What computes the ONNX models: cpu, cuda or tensorrt, on the first GPU that "
        + "CUDA_VISIBLE_DEVICES leaves."))
  var provider: ModelSource.Provider = .cpu

  @Option(help: "The longest request in bytes.")
  var maxRequestBytes = 256 << 20

  @Option(
    help: ArgumentHelp(
      "The bytes that the requests and answers of all clients may take at the same time. (default: "
        + "1 GiB or four of the longest requests, at most half of the memory)"))
  var maxBytesInFlight: Int?

  @Option(
    help: ArgumentHelp(
      "The most connections for HTTP and gRPC; beyond, idle ones are closed. (default: as many as there "
        + "are descriptors)"))
  var maxConnections: Int?

  @Option(
    help: ArgumentHelp(
      "Whose shared-memory objects clients may register: own (those of the user that calls from this "
        + "machine), any (all that this user can open, by whoever calls) or off."))
  var sharedMemory: SharedMemoryAccess.Clients = .own

  @Option(help: "What the names of shared-memory objects must begin with.")
  var sharedMemoryPrefix = ""

  @Flag(help: "Do not let clients load and unload models.")
  var noModelControl = false

  @Option(
    help: ArgumentHelp(
      "A name by which browsers reach the server, beside its addresses; may be given several times.",
      valueName: "name"))
  var allowedHost: [String] = []

  @Option(help: "Seconds that requests at work may take when the server shall end.")
  var exitTimeout = 30

  @Flag(help: "Print the ports as JSON.")
  var json = false

  @OptionGroup
  var messages: MessageOptions

  @OptionGroup
  var optionsFile: ConfigurationOptions

  func validate() throws {
    for (name, port) in [
      ("--http-port", httpPort), ("--grpc-port", grpcPort), ("--metrics-port", metricsPort),
    ] where !(0...65535).contains(port) {
      throw ValidationError("\(name) is \(port), it must be 0 to 65535")
    }
    for (name, value, least) in [
      ("--max-batch-size", maxBatchSize, 0), ("--max-queue-delay", maxQueueDelay, 0),
      ("--max-queue-size", maxQueueSize, 0), ("--instances", instances, 1),
      ("--threads", threads, 1), ("--max-request-bytes", maxRequestBytes, 1),
      ("--exit-timeout", exitTimeout, 0), ("--max-connections", maxConnections ?? 1, 1),
      ("--max-bytes-in-flight", maxBytesInFlight ?? 1, 1),
    ] where value < least {
      throw ValidationError("\(name) is \(value), it must be at least \(least)")
    }
  }

  private func validateJoining(_ names: [String]) throws {
    for option in joining {
      guard let model = option.model, !names.contains(model) else { continue }
      throw CommandFailure(
        "--joining \(model)=\(option.mode.rawValue) names no model that is served; they are "
          + names.joined(separator: ", "))
    }
  }

  func run() async throws {
    let level = messages.loggerLevel
    // With the times, which matter for days.
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = level
      return handler
    }
    Self.raiseDescriptorLimit()
    let server = KServeServer(
      configuration: .init(
        host: host, httpPort: httpPort, grpcPort: grpcPort, metricsPort: metricsPort,
        maxRequestBytes: maxRequestBytes, exitTimeout: .seconds(exitTimeout),
        limits: ConnectionLimits(connections: maxConnections), maxBytesInFlight: maxBytesInFlight,
        sharedMemory: SharedMemoryAccess(sharedMemory, prefix: sharedMemoryPrefix),
        allowsModelControl: !noModelControl, allowedHosts: allowedHost))
    let sources = try configured(models.map(Self.model))
    try validateJoining(sources.map(\.name))
    for (name, source) in sources {
      let model = try await source.load()
      try server.bind(name, model: model, configuration: serving(model, as: name))
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

  /// The models with those of the options that they have, ``threads`` and ``provider`` among them.
  private func configured(
    _ models: [(name: String, source: ModelSource)]
  ) throws -> [(name: String, source: ModelSource)] {
    for option in options where !models.contains(where: { $0.source.hasOption(option.name) }) {
      throw NeedletailError(
        .usage, "--option \(option.name)=\(option.value) is one that none of the models has")
    }
    var all = options + [NamedValue(name: "threads", value: "\(threads)")]
    if provider != .cpu { all.append(NamedValue(name: "provider", value: provider.rawValue)) }
    return try models.map { name, source in
      let configured = try all.reduce(source) { source, option in
        source.hasOption(option.name) ? try source.setting(option.name, to: option.value) : source
      }
      return (name, configured)
    }
  }

  /// How a model is served: its rows joined, if all its tensors have an open batch dimension and the
  /// rows do not depend on each other.
  private func serving(_ model: any Model, as name: String) -> ModelServingConfiguration {
    let mode = joining.last { $0.model == name } ?? joining.last { $0.model == nil }
    var configuration = ModelServingConfiguration.suited(
      to: model, maxBatchSize: maxBatchSize,
      batching: DynamicBatching(
        preferredBatchSizes: preferredBatchSize, maxQueueDelay: .microseconds(maxQueueDelay),
        preserveOrdering: preserveOrdering, maxQueueSize: maxQueueSize,
        joining: mode?.mode ?? .check),
      instances: instances)
    if noWarmUp { configuration.warmUp = .none }
    return configuration
  }

  /// Takes as many descriptors as the system allows: each connection needs one.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(kind, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 65_536))
    setrlimit(kind, &limit)
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
    let source = try ModelSource(path: argument)
    return (source.plainName, source)
  }
}

extension ModelSource.Provider: ExpressibleByArgument {}

extension SharedMemoryAccess.Clients: ExpressibleByArgument {}

/// `MODE`, or `MODEL=MODE` for one model.
struct JoiningOption: ExpressibleByArgument {
  var model: String?
  var mode: RequestJoining

  init?(argument: String) {
    let equals = argument.lastIndex(of: "=")
    model = equals.map { String(argument[..<$0]) }
    let text = equals.map { String(argument[argument.index(after: $0)...]) } ?? argument
    guard let mode = RequestJoining(rawValue: text) else { return nil }
    self.mode = mode
  }
}
