import JSONText
import KServeProtocol
import NIOCore
import NIOHTTP1

/// Answers the requests of the HTTP port.
///
/// Small questions are answered at once, on the network's thread, so that they wait for nobody; what
/// takes longer goes to the worker threads.
final class HTTPRoutes: Sendable {
  typealias Answer = @Sendable (HTTPResponse) -> Void

  private unowned let server: KServeServer
  private let inference: InferenceService
  private let administration: ModelAdministration
  private let sharedMemory: SharedMemoryRegistry
  private let origin: HTTPOrigin
  private let usage = SystemUsage()

  /// Bodies of more bytes than this are not read on the network's thread.
  private static let inlineBytes = 16 << 10

  init(server: KServeServer) {
    self.server = server
    inference = server.inference
    administration = server.administration
    sharedMemory = server.sharedMemory
    origin = HTTPOrigin(
      listeningOn: server.configuration.host, allowedHosts: server.configuration.allowedHosts)
  }

  func respond(to request: HTTPRequest, answer: @escaping Answer) {
    if request.target == "*" { return answer(.options([.GET, .POST])) }
    guard let (route, names) = HTTPRoute.match(request.target) else { return answer(.notFound) }
    let method: HTTPMethod = request.method == .HEAD ? .GET : request.method
    if method == .OPTIONS { return answer(.options(route.methods)) }
    guard route.methods.contains(method) else {
      return answer(.methodNotAllowed(route.methods, isText: route.hasTextErrors))
    }
    let changes = route.isControl || method == .POST && route.isSetting
    if changes, let reason = origin.refusal(request.headers, authority: request.authority) {
      return answer(.error(status: .forbidden, reason))
    }
    // Who registers a region is looked up in the kernel's table, which may be long.
    let isLong =
      route.purpose == .registerRegion || request.body.byteCount > Self.inlineBytes
      || request.headers.contains(name: "content-encoding")
    if isLong {
      inference.workers.run { [self] in
        if request.cancellation.isCancelled { return answer(.error(.requestCancelled)) }
        go(route.purpose, names, request, method, answer)
      }
    } else {
      go(route.purpose, names, request, method, answer)
    }
  }

  private func go(
    _ purpose: HTTPRoute.Purpose, _ names: HTTPRoute.Names, _ request: HTTPRequest,
    _ method: HTTPMethod, _ answer: @escaping Answer
  ) {
    let (model, version) = (names.model, names.version)
    do throws(KServeError) {
      switch purpose {
      case .infer: try infer(request, names, answer)
      case .load: try load(model, request, answer)
      case .unload: try unload(model, answer)
      case .page:
        answer(HTTPResponse(contentType: "text/html; charset=utf-8", text: StatusPage.html))
      case .statusDocument: answer(.json(server.statusDocument(usage: usage)))
      case .serverMetadata: answer(.json(administration.serverMetadata.json))
      case .live: answer(.plain(.ok))
      case .ready: answer(.plain(server.isReady ? .ok : .badRequest))
      case .modelMetadata:
        answer(.json(try administration.metadata(of: model, version: version).json))
      case .modelReady:
        answer(administration.isReady(model, version: version) ? .plain(.ok) : .modelNotReady)
      case .modelConfiguration:
        answer(.json(try administration.configuration(of: model, version: version).json))
      case .modelStatistics:
        answer(.json(try administration.annotatedStatistics(of: model, version: version)))
      case .traceSettings:
        try administration.checkTraced(model)
        answer(try settings(request, method, ServerSettings.traceJSON, "trace"))
      case .logSettings: answer(try settings(request, method, ServerSettings.logJSON, "log"))
      case .index:
        let readyOnly = try json(of: request)?["ready"]?.boolean ?? false
        answer(.json(administration.index(readyOnly: readyOnly).json))
      case .regionStatus: answer(.json(try regions(names.region)))
      case .registerRegion: answer(try register(names.region, request))
      case .unregisterRegion:
        sharedMemory.unregister(name: names.region)
        answer(.done)
      case .cudaStatus:
        if !names.region.isEmpty { throw KServeError.noCUDARegion(names.region) }
        answer(.json(.array([])))
      case .registerCUDA: throw KServeError.noCUDA
      case .unregisterCUDA: answer(.done)
      }
    } catch {
      answer(.error(error))
    }
  }

  // MARK: Inference

  private func infer(
    _ request: HTTPRequest, _ names: HTTPRoute.Names, _ answer: @escaping Answer
  ) throws(KServeError) {
    let headerLength = try Self.headerLength(request.headers)
    let body = try decoded(request, headerLength: headerLength ?? 0)
    // A request without a body is a tensor without bytes, as Triton has it.
    let inferRequest = try HTTPInference.request(
      model: names.model, version: names.version, body: body,
      headerLength: body.byteCount == 0 && headerLength == nil ? 0 : headerLength,
      registry: server.registry)
    let workers = inference.workers
    inference.infer(
      inferRequest, cancellation: request.cancellation, transport: .http
    ) { result, lease in
      @Sendable func write() {
        do throws(KServeError) {
          var response = try HTTPInference.response(try result.get(), to: inferRequest)
          response.lease = lease
          answer(response)
        } catch {
          answer(.error(error))
        }
        // What the request takes is given back with it, once it is answered.
        withExtendedLifetime(request) {}
      }
      let size = (try? result.get())?.outputs.reduce(0) { $0 + ($1.bytes?.byteCount ?? 0) } ?? 0
      if size <= Self.inlineBytes { write() } else { workers.run(write) }
    }
  }

  private static func headerLength(_ headers: HTTPHeaders) throws(KServeError) -> Int? {
    guard let text = headers.first(name: "Inference-Header-Content-Length") else { return nil }
    guard let length = Int(text) else {
      throw KServeError(
        .invalidArgument,
        "Unable to parse Inference-Header-Content-Length, got: \(text.prefix(64))")
    }
    return length
  }

  /// The body as it was before the client compressed it.
  private func decoded(
    _ request: HTTPRequest, headerLength: Int
  ) throws(KServeError) -> TensorBytes {
    guard let encoding = request.headers.first(name: "Content-Encoding") else {
      return request.body
    }
    switch encoding.lowercased() {
    case "identity", "": return request.body
    case "gzip", "x-gzip", "deflate":
      return try ContentDecoding.inflate(
        request.body, headerLength: headerLength, limit: server.configuration.maxRequestBytes,
        lease: request.memory, cancellation: request.cancellation)
    default:
      throw KServeError(
        .unimplemented,
        "Unsupported compression type: the Content-Encoding '\(encoding.prefix(64))' is not known; send "
          + "gzip, deflate or none")
    }
  }

  // MARK: Administration

  /// The request's JSON body, which may be missing altogether.
  private func json(of request: HTTPRequest) throws(KServeError) -> JSONValue? {
    let body = try decoded(request, headerLength: 0)
    if body.byteCount == 0 { return nil }
    return try body.withUnsafeBytes { (bytes) throws(KServeError) in
      try JSONValue(parsing: bytes)
    }
  }

  private func load(
    _ name: String, _ request: HTTPRequest, _ answer: @escaping Answer
  ) throws(KServeError) {
    try administration.checkControl()
    let parameters = (try json(of: request)?["parameters"]?.members ?? []).map(\.0)
    Task { [administration] in
      do throws(KServeError) {
        try await administration.load(name, parameters: parameters)
        answer(.done)
      } catch {
        answer(.error(error))
      }
    }
  }

  private func unload(_ name: String, _ answer: @escaping Answer) throws(KServeError) {
    try administration.checkControl()
    Task { [administration] in
      await administration.unload(name)
      answer(.done)
    }
  }

  private func regions(_ name: String) throws(KServeError) -> JSONValue {
    .array(
      try sharedMemory.status(name: name).map { name, object in
        [
          "name": .string(name), "key": .string(object.key),
          "offset": .integer(Int64(object.offset)), "byte_size": .integer(Int64(object.byteCount)),
        ]
      })
  }

  private func register(
    _ name: String, _ request: HTTPRequest
  ) throws(KServeError) -> HTTPResponse {
    let body = try json(of: request)
    guard let key = body?["key"]?.string else {
      throw KServeError(
        .invalidArgument, "Shared memory register request has no 'key' field")
    }
    guard let byteSize = body?["byte_size"]?.integer() else {
      throw KServeError(
        .invalidArgument, "Shared memory register request has no 'byte_size' field")
    }
    let place = body?["offset"] ?? .null
    let start: Int? = if case .null = place { 0 } else { place.integer() }
    guard let offset = start else {
      throw KServeError(
        .invalidArgument,
        "the 'offset' of the shared memory register request is no whole number of bytes")
    }
    try sharedMemory.register(
      name: name, key: key, offset: offset, byteSize: byteSize, client: request.client)
    return .done
  }

  private func settings(
    _ request: HTTPRequest, _ method: HTTPMethod, _ current: JSONValue, _ kind: String
  ) throws(KServeError) -> HTTPResponse {
    if method == .POST, let name = try json(of: request)?.members?.first?.0 {
      throw ServerSettings.refusal(kind, setting: name)
    }
    return .json(current)
  }

  /// Answers the requests of the metrics port, which has a thread of its own: how the server is, and
  /// what it has counted.
  func watchersResponse(to request: HTTPRequest) -> HTTPResponse {
    let purpose = HTTPRoute.match(request.target)?.route.purpose
    guard
      purpose == .live || purpose == .ready
        || request.target.prefix(while: { $0 != "?" }) == "/metrics"
    else { return .notFound }
    if request.method == .OPTIONS { return .options([.GET]) }
    guard request.method == .GET || request.method == .HEAD else {
      return .methodNotAllowed([.GET], isText: true)
    }
    if purpose == .live { return .plain(.ok) }
    if purpose == .ready { return .plain(server.isReady ? .ok : .badRequest) }
    let text = MetricsText(
      models: server.registry.all.map {
        ($0.name, $0.configuration.version, $0.queueLength, $0.statistics.snapshot)
      }, usage: usage
    ).text
    return HTTPResponse(contentType: "text/plain; charset=utf-8", text: text)
  }
}
