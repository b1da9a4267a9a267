import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

extension KServeServer {
  /// Serves until the process is asked to stop (a graceful shutdown of swift-service-lifecycle, the
  /// cancellation of the task, or ``shutDown()``).
  ///
  /// Ports are opened first, so that ``endpoints`` are known and liveness can be asked for; the server
  /// is ready when the models are loaded and warm; one that does not start is unavailable. At the end
  /// it stops being ready, refuses new requests, and lets those at work end within ``Configuration/exitTimeout``.
  ///
  /// - Throws: ``KServeServerError`` if a port cannot be had, no model starts, or a model reported that
  ///   the process must not go on.
  public func run() async throws {
    guard enter(.starting, from: .created) else {
      throw KServeServerError(.invalidState, "a server runs once; make another one")
    }
    do {
      try await withTaskCancellationHandler {
        try await withGracefulShutdownHandler {
          try await serve()
        } onGracefulShutdown: { [stop] in
          stop.send(.requested)
        }
      } onCancel: { [stop] in
        stop.send(.cancelled)
      }
    } catch {
      finish(error)
      throw error
    }
    finish(nil)
  }

  private func finish(_ error: (any Error)?) {
    enter(.stopped, from: .starting, .ready, .draining)
    publish(
      .failure(
        error as? KServeServerError ?? KServeServerError(.invalidState, "the server has ended")))
  }

  private func serve() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(configuration.networkThreads, 1))
    // Whoever watches the server is answered whatever its clients keep the others busy with.
    let watching = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      try await serve(on: group, watchedOn: watching)
    } catch {
      try? await group.shutdownGracefully()
      try? await watching.shutdownGracefully()
      throw error
    }
    try? await group.shutdownGracefully()
    try? await watching.shutdownGracefully()
  }

  private func serve(
    on group: MultiThreadedEventLoopGroup, watchedOn watching: MultiThreadedEventLoopGroup
  ) async throws {
    let host = configuration.host
    let routes = HTTPRoutes(server: self)
    var listeners: [Listener] = []
    let limits = configuration.limits
    let connections = OpenConnections(
      limit: limits.connections ?? OpenConnections.limitByDescriptors(), limits: limits)
    // Metrics have room of their own, so that whoever watches the server sees what fills it.
    let metricsConnections = OpenConnections(limit: 8, reserve: 0, limits: limits)
    let closing = Task { [inference] in
      var rest = 0
      while !Task.isCancelled {
        try await Task.sleep(for: .seconds(1))
        connections.closeOverdue()
        metricsConnections.closeOverdue()
        rest = inference.activeCount == 0 ? rest + 1 : 0
        if rest == 2 { Memory.trim() }
      }
    }
    defer { closing.cancel() }
    func listen(
      _ port: Int?, _ purpose: String, on group: MultiThreadedEventLoopGroup,
      _ connections: OpenConnections, _ respond: @escaping HTTPConnection.Responder
    ) async throws -> Int? {
      guard let port else { return nil }
      let listener = try await Listener.http(
        host: host, port: port, purpose: purpose, group: group,
        maxRequestBytes: configuration.maxRequestBytes, budget: inference.budget,
        connections: connections, respond: respond)
      listeners.append(listener)
      return listener.port
    }
    do {
      let http = try await listen(configuration.httpPort, "HTTP", on: group, connections) {
        routes.respond(to: $0, answer: $1)
      }
      let metrics = try await listen(
        configuration.metricsPort, "metrics", on: watching, metricsConnections
      ) {
        $1(routes.watchersResponse(to: $0))
      }
      var grpc: Int?
      if let port = configuration.grpcPort {
        let listener = try await Listener.grpc(
          host: host, port: port, group: group, methods: KServeService(server: self).methods,
          maxMessageBytes: configuration.maxRequestBytes, inference: inference,
          connections: connections, bytesInFlight: limits.bytesInFlight)
        listeners.insert(listener, at: 0)
        grpc = listener.port
      }
      let endpoints = Endpoints(host: host, http: http, grpc: grpc, metrics: metrics)
      publish(.success(endpoints))
      configuration.logger.info("listening", metadata: endpoints.logMetadata)
      let loading = Task { await loadModels() }
      let reason = await stop.wait()
      enter(.draining, from: .starting, .ready)
      configuration.logger.info("stopping", metadata: ["reason": "\(reason)"])
      await drain()
      loading.cancel()
      for listener in listeners { await listener.close() }
      for listener in listeners { await listener.closeNow() }
      if case .unrecoverable(let error) = stop.reason { throw error }
    } catch {
      for listener in listeners { await listener.closeNow() }
      throw error
    }
  }

  /// Loads the models that were bound; the server is ready when each is loaded, or known to be
  /// unavailable. One that does not start costs itself; if none does there is nothing to serve.
  private func loadModels() async {
    var failure: KServeServerError?
    var loaded = 0
    for model in registry.all {
      if stop.reason != nil { return }
      do {
        try await model.load()
        loaded += 1
        configuration.logger.info("model is ready", metadata: ["model": "\(model.name)"])
      } catch {
        if model.status == .unavailable(reason: "unloaded") { continue }
        let known =
          error as? KServeServerError
          ?? KServeServerError(
            .modelStart, "it could not be loaded: \(error)", model: model.name, cause: error)
        failure = failure ?? known
        configuration.logger.error(
          "model is unavailable", metadata: ["model": "\(model.name)", "error": "\(known)"])
      }
    }
    if loaded == 0, let failure { return stop.send(.unrecoverable(failure)) }
    enter(.ready, from: .starting)
  }

  /// Lets the requests at work end, but no longer than the configuration allows.
  private func drain() async {
    let models = registry.all
    let inference = inference
    let limit = configuration.exitTimeout
    let started = ContinuousClock.now
    let isIdle = await Self.completes(within: limit) { await inference.drain() }
    if !isIdle {
      configuration.logger.warning(
        "requests were still at work when the time to stop was over",
        metadata: ["requests": "\(inference.activeCount)"])
    }
    for model in models { model.abandonQueue() }
    // A model may still be at work for a client that has left.
    let rest = max(.milliseconds(100), limit - (ContinuousClock.now - started))
    _ = await Self.completes(within: min(rest, .seconds(5))) {
      await withDiscardingTaskGroup { tasks in
        for model in models { tasks.addTask { await model.unload() } }
      }
    }
  }

  /// Whether `body` ended within `limit`; if not, it goes on by itself.
  private static func completes(
    within limit: Duration, _ body: @escaping @Sendable () async -> Void
  ) async -> Bool {
    let (ends, source) = AsyncStream<Bool>.makeStream()
    let work = Task {
      await body()
      source.yield(true)
    }
    let timer = Task {
      try? await Task.sleep(for: limit)
      source.yield(false)
    }
    defer {
      work.cancel()
      timer.cancel()
    }
    for await isDone in ends { return isDone }
    return false
  }
}
