import JSONText
import NIOCore
import NIOHTTP1
import SwiftProtobuf
import Synchronization
import Tensors
import Texts

/// HTTP/1.1 calls of one server, with connections kept open between them.
final class HTTPConnection: KServeConnection {
  private let endpoint: KServeEndpoint
  private let options: KServeClientOptions
  private let connections: HTTP1Connections
  private let firstAnswer: FirstAnswer
  private let buffers = BufferPool()
  private let headers: [(String, String)]
  /// Whether the server takes binary tensors, once it has told.
  private let takesBinary = Mutex<Bool?>(nil)

  init(_ endpoint: KServeEndpoint, _ options: KServeClientOptions) throws {
    self.endpoint = endpoint
    self.options = options
    let common = try CallHeaders(endpoint, options, token: "triton-access-token")
    let address = try ServerAddress(
      endpoint, certificateAuthorityFile: options.certificateAuthorityFile)
    connections = HTTP1Connections(address)
    firstAnswer = FirstAnswer(address)
    headers = [("Host", common.authority)] + common.others
  }

  func close() async { await connections.close() }

  func call<Question: Message, Reply: Message>(
    _ question: KServeQuestion<Question>, reply: Reply.Type
  ) async throws -> Reply {
    let body = try checked(
      try await send(question.httpMethod, question.path, ByteBuffer(bytes: question.body)),
      of: question.path)
    if body.byteCount == 0 { return Reply() }
    var text = body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    if let member = question.wrapping { text = "{\"\(member)\":\(text)}" }
    var decoding = JSONDecodingOptions()
    decoding.ignoreUnknownFields = true
    do {
      let reply = try Reply(jsonString: text, options: decoding)
      if let server = reply as? Inference_ServerMetadataResponse { note(server) }
      return reply
    } catch {
      throw KServeError(
        .unknown,
        "\(endpoint) answered \(question.path) with what is no \(Reply.protoMessageName): \(error)",
        cause: error)
    }
  }

  func isTrue(_ health: KServeHealth) async throws -> Bool {
    let path =
      switch health {
      case .serverLive: "/v2/health/live"
      case .serverReady: "/v2/health/ready"
      case .modelReady(let name, let version): KServePath.model(name, version) + "/ready"
      }
    let answer = try await send(.GET, path, ByteBuffer())
    switch answer.status {
    case 200: return true
    case 400, 404, 503: return false
    default:
      _ = try checked(answer, of: path)
      return false
    }
  }

  func infer(_ request: InferRequest) async throws -> InferResponse {
    let path = KServePath.model(request.modelName, request.modelVersion) + "/infer"
    let answer: HTTP1Call.Response
    if try await sendsBinary() {
      let (json, tensors) = try request.httpBody()
      answer = try await send(
        json, tensors, of: request, path,
        headers: [
          (HTTP1Call.headerLength, "\(json.count)"), ("Content-Type", "application/octet-stream"),
        ])
    } else {
      answer = try await send(
        try json(request), [], of: request, path, headers: [("Content-Type", "application/json")])
      if answer.status >= 400 { try refused(answer, request, path) }
    }
    let body = try checked(answer, of: path)
    do {
      return try InferResponse(httpBody: body, headerLength: answer.headerLength)
    } catch {
      throw KServeError(
        error.code, "\(endpoint) answered what is no response: \(error.message)", cause: error)
    }
  }

  /// Whether tensors go in binary behind the JSON, an extension that not every server has.
  private func sendsBinary() async throws -> Bool {
    switch options.encoding {
    case .binary: return true
    case .json: return false
    case .automatic: break
    }
    if let known = takesBinary.withLock({ $0 }) { return known }
    do {
      return note(try await call(.serverMetadata, reply: Inference_ServerMetadataResponse.self))
    } catch let error as KServeError where error.isAboutMissingCall {
      // A server that does not describe itself has the protocol's core.
      return note(Inference_ServerMetadataResponse())
    }
  }

  /// Keeps whether a server that describes itself so takes binary tensors, whoever asked for that.
  @discardableResult
  private func note(_ server: Inference_ServerMetadataResponse) -> Bool {
    let told = ["binary_tensor_data", "binary_data"].contains(where: server.extensions.contains)
    takesBinary.withLock { $0 = told }
    return told
  }

  private func send(
    _ json: [UInt8], _ tensors: [TensorBytes], of request: InferRequest, _ path: String,
    headers: [(String, String)]
  ) async throws -> HTTP1Call.Response {
    let size = tensors.reduce(json.count) { $0 + $1.byteCount }
    try options.check(requestBytes: size, model: request.modelName, endpoint: endpoint)
    var body = buffers.take(byteCount: size)
    body.writeBytes(json)
    for tensor in tensors { tensor.withUnsafeBytes { _ = body.writeBytes($0) } }
    defer { buffers.put(body) }
    return try await send(.POST, path, body, headers: headers)
  }

  private func json(_ request: InferRequest) throws(KServeError) -> [UInt8] {
    do throws(KServeError) {
      return try request.httpBody(isBinary: false).json
    } catch {
      throw KServeError(error.code, "\(error.message); \(whyJSON)", cause: error)
    }
  }

  /// Why a request went in JSON, and what else there is.
  private var whyJSON: String {
    options.encoding == .json
      ? "KServeClientOptions.encoding (--option encoding) asks for JSON, use binary or the gRPC port"
      : "\(endpoint) lists no extension for binary tensors by HTTP, use its gRPC port"
  }

  /// Throws the error of a refused request in JSON, with what may have been its reason.
  private func refused(
    _ answer: HTTP1Call.Response, _ request: InferRequest, _ path: String
  ) throws {
    do {
      _ = try checked(answer, of: path)
    } catch var error as KServeError {
      if let input = request.inputs.first(where: \.hasNumberWithoutWord) {
        error.message +=
          "; the input '\(input.name)' has NaN or an infinity, for which JSON has no word, and "
          + whyJSON
      } else if let input = request.inputs.first(where: { [.fp16, .bf16].contains($0.datatype) }) {
        error.message +=
          "; the input '\(input.name)' is of \(input.datatype), which many servers take in binary "
          + "only, and \(whyJSON)"
      }
      throw error
    }
  }

  func inferStream(
    _ request: InferRequest, _ response: @escaping @Sendable (InferStreamResponse) -> Bool
  ) async throws {
    throw KServeError(
      .unimplemented,
      "model '\(request.modelName)' was asked for a stream over HTTP, which has none; use the "
        + "server's gRPC port (grpc://\(endpoint.host):8001)")
  }

  func sharedMemoryStatus() async throws -> [SharedMemoryStatus] {
    let path = "/v2/systemsharedmemory/status"
    let body = try checked(try await send(.GET, path, ByteBuffer()), of: path)
    // An array here, where gRPC has a dictionary.
    let regions = try body.withUnsafeBytes { try JSONValue(parsing: $0) }.elements ?? []
    return regions.map { region in
      SharedMemoryStatus(
        name: region["name"]?.string ?? "", key: region["key"]?.string ?? "",
        byteOffset: region["offset"]?.integer() ?? 0,
        byteCount: region["byte_size"]?.integer() ?? 0)
    }
  }

  /// The body of an answer, unless its status tells of an error.
  private func checked(_ answer: HTTP1Call.Response, of path: String) throws -> TensorBytes {
    if answer.status < 300 { return answer.body }
    guard answer.status >= 400 else {
      throw KServeError(
        .unavailable,
        "\(endpoint) does not answer \(path) itself but sends on to "
          + "\(answer.location ?? "nowhere") (HTTP status \(answer.status)); give the address of the "
          + "server itself, and the headers that a gateway before it asks for")
    }
    var error = answer.body.withUnsafeBytes { KServeError(httpStatus: answer.status, body: $0) }
    // Behind a gateway that ends TLS, the next server may say so; the address asks for TLS then.
    if answer.status == 400, !endpoint.isSecure, Self.saysPlainToTLS(error.message) {
      error = KServeError(.unavailable, PeerMismatch(spoken: .tls).message(endpoint))
    } else if answer.status == 404 || answer.status == 405 {
      error.message += " (HTTP status \(answer.status) for \(endpoint)\(path))"
    }
    throw CallFailure.refused(error).translated(endpoint, options)
  }

  /// Whether a server says that it was spoken to without TLS, as some do in the clear.
  private static func saysPlainToTLS(_ message: String) -> Bool {
    let text = message.lowercased()
    return text.contains("http request") && text.contains("https")
  }

  private func send(
    _ method: HTTPMethod, _ path: String, _ body: ByteBuffer,
    headers extra: [(String, String)] = []
  ) async throws -> HTTP1Call.Response {
    let deadline = NIODeadline.now() + .nanoseconds(Int64(options.timeout * 1e9))
    var headers = HTTPHeaders(self.headers + extra)
    if method == .POST { headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
    let request = HTTP1Call.Request(
      head: HTTPRequestHead(
        version: .http1_1, method: method, uri: endpoint.pathPrefix + path, headers: headers),
      body: body, deadline: deadline, maxResponseBytes: options.maxMessageBytes)
    let answer = Mutex<HTTP1Call.Response?>(nil)
    do throws(CallFailure) {
      try await CallHandle.retrying(until: deadline) { () throws(CallFailure) in
        try await CallHandle.run { _, complete in
          HTTP1Call(
            request, on: connections,
            receive: { response in answer.withLock { $0 = response } }, complete: complete)
        }
      }
    } catch {
      throw await firstAnswer.explained(error, on: connections.eventLoop)
        .translated(endpoint, options)
    }
    guard let answer = answer.withLock({ $0 }) else {
      throw KServeError(.internal, "\(endpoint) answered \(path) without a message")
    }
    firstAnswer.came()
    return answer
  }
}

/// The protocol's HTTP paths.
enum KServePath {
  static func model(_ name: String, _ version: String) -> String {
    "/v2/models/\(encoded(name))" + (version.isEmpty ? "" : "/versions/\(encoded(version))")
  }

  /// A name as a part of a path.
  static func encoded(_ name: String) -> String {
    name.percentEncoded { $0.isLetterOrDigit || "-._~".utf8.contains($0) }
  }
}

extension InferTensor {
  /// Whether an element is NaN or infinite.
  fileprivate var hasNumberWithoutWord: Bool {
    switch try? tensor() {
    case .float16(let tensor): !tensor.scalars.allSatisfy(\.isFinite)
    case .float32(let tensor): !tensor.scalars.allSatisfy(\.isFinite)
    case .float64(let tensor): !tensor.scalars.allSatisfy(\.isFinite)
    case .bfloat16(let tensor): !tensor.scalars.allSatisfy(\.floatValue.isFinite)
    default: false
    }
  }
}
