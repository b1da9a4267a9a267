import KServeProtocol
import NIOCore
import NIOHTTP1

/// Answers the requests of the HTTP port.
final class HTTPRoutes: Sendable {
  private unowned let server: KServeServer
  private let inference: InferenceService
  private let administration: ModelAdministration
  private let sharedMemory: SharedMemoryRegistry
  private let usage = SystemUsage()

  init(server: KServeServer) {
    self.server = server
    inference = server.inference
    administration = server.administration
    sharedMemory = server.sharedMemory
  }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let path = request.uri.prefix { $0 != "?" }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      .map { $0.removingPercentEncoding }
    do throws(KServeError) {
      return try await route(request, parts)
    } catch {
      return .error(status: HTTPResponseStatus(statusCode: error.code.httpStatus), error.message)
    }
  }

  private func route(
    _ request: HTTPRequest, _ parts: [String]
  ) async throws(KServeError) -> HTTPResponse {
    if parts == [""] { return page(request) }
    guard !parts.contains(""), parts.first == "v2" else {
      return parts == ["status.json"] ? json(server.statusDocument(usage: usage)) : .notFound
    }
    switch parts.count > 1 ? parts[1] : "" {
    case "":
      return request.method == .GET
        ? json(administration.serverMetadata.json) : .jsonMethodNotAllowed
    case "health": return health(request, parts.dropFirst(2))
    case "models": return try await models(request, Array(parts.dropFirst(2)))
    case "repository": return try await repository(request, Array(parts.dropFirst(2)))
    case "systemsharedmemory": return try regions(request, Array(parts.dropFirst(2)))
    case "cudasharedmemory": return try cudaRegions(request, Array(parts.dropFirst(2)))
    case "trace" where parts.dropFirst(2) == ["setting"]:
      return try settings(request, ServerSettings.traceJSON, "trace")
    case "logging" where parts.count == 2:
      return try settings(request, ServerSettings.logJSON, "log")
    default: return .notFound
    }
  }

  private func page(_ request: HTTPRequest) -> HTTPResponse {
    guard request.method == .GET || request.method == .HEAD else { return .methodNotAllowed }
    return HTTPResponse(contentType: "text/html; charset=utf-8", text: StatusPage.html)
  }

  private func health(_ request: HTTPRequest, _ parts: ArraySlice<String>) -> HTTPResponse {
    guard request.method == .GET else { return .methodNotAllowed }
    switch Array(parts) {
    case ["live"]: return .plain(.ok)
    case ["ready"]: return .plain(server.isReady ? .ok : .badRequest)
    default: return .notFound
    }
  }

  private func models(
    _ request: HTTPRequest, _ parts: [String]
  ) async throws(KServeError) -> HTTPResponse {
    guard let name = parts.first else { return .notFound }
    if parts == ["stats"] {
      return json(try administration.statistics(of: "", version: "").json)
    }
    var rest = parts.dropFirst()
    var version = ""
    if rest.first == "versions" {
      rest = rest.dropFirst()
      guard let given = rest.first, given.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
        return .notFound
      }
      version = given
      rest = rest.dropFirst()
    }
    switch (Array(rest), request.method) {
    case ([], .GET): return json(try administration.metadata(of: name, version: version).json)
    case (["ready"], .GET):
      return administration.isReady(name, version: version)
        ? .plain(.ok) : .modelNotReady
    case (["config"], .GET):
      return json(try administration.configuration(of: name, version: version).json)
    case (["stats"], .GET):
      return json(try administration.statistics(of: name, version: version).json)
    case (["infer"], .POST): return try await infer(request, model: name, version: version)
    case (["trace", "setting"], _):
      try administration.checkTraced(name)
      return try settings(request, ServerSettings.traceJSON, "trace")
    case (["ready"], _), (["infer"], _): return .methodNotAllowed
    case ([], _), (["config"], _), (["stats"], _): return .jsonMethodNotAllowed
    default: return .notFound
    }
  }

  private func infer(
    _ request: HTTPRequest, model: String, version: String
  ) async throws(KServeError) -> HTTPResponse {
    let headerLength = try Self.headerLength(request.headers)
    let body = try decoded(request, headerLength: headerLength ?? 0)
    // A request without a body is a tensor without bytes, as Triton has it.
    let inferRequest = try HTTPInference.request(
      model: model, version: version, body: body,
      headerLength: body.byteCount == 0 && headerLength == nil ? 0 : headerLength,
      registry: server.registry)
    let response = try await inference.infer(
      inferRequest, cancellation: request.cancellation, transport: .http)
    return try HTTPInference.response(response, to: inferRequest)
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
    case "gzip", "deflate":
      return try ContentDecoding.inflate(
        request.body, headerLength: headerLength, limit: server.configuration.maxRequestBytes)
    default:
      throw KServeError(
        .unimplemented,
        "Unsupported compression type: the Content-Encoding '\(encoding.prefix(64))' is not known; send "
          + "gzip, deflate or none")
    }
  }

  private func json(_ value: JSONValue) -> HTTPResponse { .json(value) }

  /// The member called `name` of the request's JSON body, which may be missing altogether.
  private func member(_ name: String, of request: HTTPRequest) throws(KServeError) -> JSONValue? {
    let body = try decoded(request, headerLength: 0)
    if body.byteCount == 0 { return nil }
    return try body.withUnsafeBytes { (bytes) throws(KServeError) in
      try JSONValue(parsing: bytes)
    }[name]
  }
}

// MARK: Administration

extension HTTPRoutes {
  private func repository(
    _ request: HTTPRequest, _ parts: [String]
  ) async throws(KServeError) -> HTTPResponse {
    // The path may name a repository, of which the server has but one.
    let parts =
      parts.count == 2 && parts[1] == "index" || parts.count == 4 ? parts.dropFirst() : parts[...]
    if parts == ["index"] {
      guard request.method == .POST else { return .jsonMethodNotAllowed }
      let readyOnly = try member("ready", of: request)?.boolean ?? false
      return .json(administration.index(readyOnly: readyOnly).json)
    }
    guard parts.count == 3, parts.first == "models", let action = parts.last else {
      return .notFound
    }
    let name = parts[parts.startIndex + 1]
    switch action {
    case "load", "unload":
      guard request.method == .POST else { return .jsonMethodNotAllowed }
      if action == "load" {
        let parameters = try member("parameters", of: request)?.members ?? []
        try await administration.load(name, parameters: parameters.map(\.0))
      } else {
        await administration.unload(name)
      }
      return .done
    default: return .notFound
    }
  }

  private func regions(
    _ request: HTTPRequest, _ parts: [String]
  ) throws(KServeError) -> HTTPResponse {
    let name = parts.count == 3 && parts[0] == "region" ? parts[1] : ""
    guard parts.count == 1 || parts.count == 3, let action = parts.last else { return .notFound }
    switch (action, request.method) {
    case ("status", .GET):
      return .json(
        .array(
          try sharedMemory.status(name: name).map {
            .object([
              ("name", .string($0.name)), ("key", .string($0.key)),
              ("offset", .integer(Int64($0.offset))),
              ("byte_size", .integer(Int64($0.region.byteCount))),
            ])
          }))
    case ("register", .POST) where !name.isEmpty:
      guard let key = try member("key", of: request)?.string else {
        throw KServeError(
          .invalidArgument, "Shared memory register request has no 'key' field")
      }
      guard let byteSize = try member("byte_size", of: request)?.integer(Int.self) else {
        throw KServeError(
          .invalidArgument, "Shared memory register request has no 'byte_size' field")
      }
      let offset = try member("offset", of: request)?.integer(Int.self) ?? 0
      try sharedMemory.register(name: name, key: key, offset: offset, byteSize: byteSize)
      return .done
    case ("unregister", .POST):
      sharedMemory.unregister(name: name)
      return .done
    case ("status", _), ("register", _), ("unregister", _): return .jsonMethodNotAllowed
    default: return .notFound
    }
  }

  private func cudaRegions(
    _ request: HTTPRequest, _ parts: [String]
  ) throws(KServeError) -> HTTPResponse {
    switch (parts.last, request.method) {
    case ("status", .GET):
      if parts.count == 3 { throw KServeError.noCUDARegion(parts[1]) }
      return .json(.array([]))
    case ("register", .POST): throw KServeError.noCUDA
    case ("unregister", .POST): return .done
    default: return .notFound
    }
  }

  private func settings(
    _ request: HTTPRequest, _ current: JSONValue, _ kind: String
  ) throws(KServeError) -> HTTPResponse {
    switch request.method {
    case .GET: return .json(current)
    case .POST:
      let body = try decoded(request, headerLength: 0)
      if body.byteCount > 0 {
        let wanted = try body.withUnsafeBytes { (bytes) throws(KServeError) in
          try JSONValue(parsing: bytes)
        }
        if let name = wanted.members?.first?.0 {
          throw ServerSettings.refusal(kind, setting: name)
        }
      }
      return .json(current)
    default: return .jsonMethodNotAllowed
    }
  }

  /// Answers the requests of the metrics port.
  func metricsResponse(to request: HTTPRequest) -> HTTPResponse {
    guard request.uri.prefix(while: { $0 != "?" }) == "/metrics" else { return .notFound }
    guard request.method == .GET else { return .methodNotAllowed }
    let text = MetricsText(
      models: server.registry.all.map {
        ($0.name, $0.configuration.version, $0.queueLength, $0.statistics.snapshot)
      }, usage: usage
    ).text
    return HTTPResponse(contentType: "text/plain; charset=utf-8", text: text)
  }
}
