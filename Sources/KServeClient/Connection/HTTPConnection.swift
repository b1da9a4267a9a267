import NIOCore
import NIOHTTP1
import SwiftProtobuf
import Synchronization
import Tensors

/// HTTP/1.1 calls of one server, with connections kept open between them.
final class HTTPConnection: KServeConnection {
  private let endpoint: KServeEndpoint
  private let options: KServeClientOptions
  private let connections: HTTP1Connections
  private let buffers = BufferPool()
  private let headers: [(String, String)]

  init(_ endpoint: KServeEndpoint, _ options: KServeClientOptions) throws {
    self.endpoint = endpoint
    self.options = options
    connections = HTTP1Connections(
      try ServerAddress(
        endpoint, certificateAuthorityFile: options.certificateAuthorityFile,
        protocols: ["http/1.1"]))
    var headers = [("Host", endpoint.authority), ("User-Agent", "needletail")]
    for (name, value) in options.headers { headers.append((name, value)) }
    if let token = options.accessToken { headers.append(("triton-access-token", token)) }
    self.headers = headers
  }

  func close() async { await connections.close() }

  func call<Question: Message, Reply: Message>(
    _ question: KServeQuestion<Question>, reply: Reply.Type
  ) async throws -> Reply {
    let body = try checked(
      try await send(question.httpMethod, question.path, ByteBuffer(bytes: question.body)))
    if body.byteCount == 0 { return Reply() }
    var text = body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    if let member = question.wrapping { text = "{\"\(member)\":\(text)}" }
    var decoding = JSONDecodingOptions()
    decoding.ignoreUnknownFields = true
    do {
      return try Reply(jsonString: text, options: decoding)
    } catch {
      throw KServeError(
        .unknown,
        "\(endpoint) answered \(question.path) with what is no \(Reply.protoMessageName): \(error)")
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
      _ = try checked(answer)
      return false
    }
  }

  func infer(_ request: InferRequest) async throws -> InferResponse {
    let (json, tensors) = request.httpBody()
    let size = tensors.reduce(json.count) { $0 + $1.byteCount }
    try options.check(requestBytes: size, model: request.modelName, endpoint: endpoint)
    var body = buffers.take(byteCount: size)
    body.writeBytes(json)
    for tensor in tensors { tensor.withUnsafeBytes { _ = body.writeBytes($0) } }
    defer { buffers.put(body) }
    let answer = try await send(
      .POST, KServePath.model(request.modelName, request.modelVersion) + "/infer", body,
      headers: [
        (HTTP1Call.headerLength, "\(json.count)"), ("Content-Type", "application/octet-stream"),
      ])
    do {
      return try InferResponse(httpBody: try checked(answer), headerLength: answer.headerLength)
    } catch var error as KServeError where answer.status < 400 {
      error.message = "\(endpoint) answered what is no response: \(error.message)"
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
    let body = try checked(try await send(.GET, "/v2/systemsharedmemory/status", ByteBuffer()))
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
  private func checked(_ answer: HTTP1Call.Response) throws -> TensorBytes {
    guard answer.status >= 400 else { return answer.body }
    let error = answer.body.withUnsafeBytes { KServeError(httpStatus: answer.status, body: $0) }
    throw CallFailure.refused(error).translated(endpoint, options)
  }

  private func send(
    _ method: HTTPMethod, _ path: String, _ body: ByteBuffer,
    headers extra: [(String, String)] = []
  ) async throws -> HTTP1Call.Response {
    let deadline = NIODeadline.now() + .nanoseconds(Int64(options.timeout * 1e9))
    var headers = HTTPHeaders(self.headers + extra)
    if method == .POST { headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
    let request = HTTP1Call.Request(
      head: HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers),
      body: body, deadline: deadline, maxResponseBytes: options.maxMessageBytes)
    let answer = Mutex<HTTP1Call.Response?>(nil)
    do throws(CallFailure) {
      try await CallHandle.retrying(until: deadline) { () throws(CallFailure) in
        try await CallHandle.run { _, complete in
          HTTP1Call(request, on: connections) { response in
            answer.withLock { $0 = response }
          } complete: {
            complete($0)
          }
        }
      }
    } catch {
      throw error.translated(endpoint, options)
    }
    guard let answer = answer.withLock({ $0 }) else {
      throw KServeError(.internal, "\(endpoint) answered \(path) without a message")
    }
    return answer
  }
}

/// The protocol's HTTP paths.
enum KServePath {
  static func model(_ name: String, _ version: String) -> String {
    "/v2/models/\(encoded(name))" + (version.isEmpty ? "" : "/versions/\(encoded(version))")
  }

  static func encoded(_ name: String) -> String {
    var result = ""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.append(Character(Unicode.Scalar(byte)))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return result
  }
}
