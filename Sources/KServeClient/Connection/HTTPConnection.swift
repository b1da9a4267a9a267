import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import SwiftProtobuf
import Tensors

/// HTTP/1.1 calls of one server, with connections kept open between them.
final class HTTPConnection: KServeConnection {
  private static let headerLength = "Inference-Header-Content-Length"

  private let endpoint: KServeEndpoint
  private let options: KServeClientOptions
  private let client: HTTPClient
  private let headers: HTTPHeaders
  private let base: String

  init(_ endpoint: KServeEndpoint, _ options: KServeClientOptions) {
    self.endpoint = endpoint
    self.options = options
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(10)
    if let file = options.certificateAuthorityFile {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(file)
      configuration.tlsConfiguration = tls
    }
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    var headers = HTTPHeaders(options.headers.map { ($0.key, $0.value) })
    if let token = options.accessToken { headers.add(name: "triton-access-token", value: token) }
    self.headers = headers
    let name = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
    base = "http\(endpoint.isSecure ? "s" : "")://\(name):\(endpoint.port)"
  }

  func close() async { try? await client.shutdown() }

  func call<Question: Message, Reply: Message>(
    _ question: KServeQuestion<Question>, reply: Reply.Type
  ) async throws -> Reply {
    let answer = try await send(question.httpMethod, question.path, question.body)
    let body = try answer.checked()
    var text = String(buffer: body)
    if text.isEmpty { return Reply() }
    if let member = question.wrapping { text = "{\"\(member)\":\(text)}" }
    var decoding = JSONDecodingOptions()
    decoding.ignoreUnknownFields = true
    do {
      return try Reply(jsonString: text, options: decoding)
    } catch {
      throw KServeError(
        .unknown, "\(base)\(question.path) answered what is no \(Reply.protoMessageName): \(error)")
    }
  }

  func isTrue(_ health: KServeHealth) async throws -> Bool {
    let path =
      switch health {
      case .serverLive: "/v2/health/live"
      case .serverReady: "/v2/health/ready"
      case .modelReady(let name, let version): KServePath.model(name, version) + "/ready"
      }
    let answer = try await send(.GET, path, [])
    switch answer.status {
    case 200: return true
    case 400, 404, 503: return false
    default:
      _ = try answer.checked()
      return false
    }
  }

  func infer(_ request: InferRequest) async throws -> InferResponse {
    let (json, tensors) = request.httpBody()
    let size = tensors.reduce(json.count) { $0 + $1.byteCount }
    try options.check(requestBytes: size, model: request.modelName, endpoint: endpoint)
    var body = ByteBufferAllocator().buffer(capacity: size)
    body.writeBytes(json)
    for tensor in tensors { tensor.withUnsafeBytes { _ = body.writeBytes($0) } }
    let answer = try await send(
      .POST, KServePath.model(request.modelName, request.modelVersion) + "/infer", body,
      headers: [
        (Self.headerLength, "\(json.count)"), ("Content-Type", "application/octet-stream"),
      ])
    let received = try answer.checked()
    let length = answer.headers.first(name: Self.headerLength).flatMap(Int.init)
    return try received.withUnsafeReadableBytes { bytes in
      try InferResponse(
        httpBody: TensorBytes(copying: bytes, aligning: length ?? 0), headerLength: length)
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

  private struct Answer {
    let status: UInt
    let headers: HTTPHeaders
    let body: ByteBuffer

    /// The body, unless the status tells of an error.
    func checked() throws(KServeError) -> ByteBuffer {
      guard status >= 400 else { return body }
      let error = body.withUnsafeReadableBytes {
        KServeError(httpStatus: Int(status), body: $0)
      }
      throw error
    }
  }

  private func send(_ method: HTTPMethod, _ path: String, _ body: [UInt8]) async throws -> Answer {
    try await send(method, path, ByteBuffer(bytes: body), headers: [])
  }

  private func send(
    _ method: HTTPMethod, _ path: String, _ body: ByteBuffer, headers extra: [(String, String)]
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: base + path)
    request.method = method
    request.headers = headers
    request.headers.add(contentsOf: HTTPHeaders(extra))
    if body.readableBytes > 0 { request.body = .bytes(body) }
    do {
      let response = try await client.execute(
        request, timeout: .milliseconds(Int64(options.timeout * 1000)))
      let body = try await response.body.collect(upTo: options.maxMessageBytes)
      return Answer(status: response.status.code, headers: response.headers, body: body)
    } catch let error as HTTPClientError where error == .deadlineExceeded {
      throw KServeError(
        .deadlineExceeded,
        "the server \(endpoint) did not answer within \(options.timeout) s; it may be overloaded, or "
          + "the time is too short (KServeClientOptions.timeout)")
    } catch is NIOTooManyBytesError {
      throw KServeError(
        .resourceExhausted,
        "the answer of \(endpoint) has more than \(options.maxMessageBytes) bytes; send smaller "
          + "batches, or raise KServeClientOptions.maxMessageBytes")
    } catch let error as CancellationError {
      throw error
    } catch let error as HTTPClientError where error == .cancelled {
      throw CancellationError()
    } catch {
      throw KServeError(
        .unavailable,
        "the server \(endpoint) cannot be reached (\(error)); check that it runs there, that this is "
          + "its HTTP port, and whether it uses TLS")
    }
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

extension TensorBytes {
  /// A copy of `bytes` in which byte `position` is aligned for every element type.
  fileprivate init(copying bytes: UnsafeRawBufferPointer, aligning position: Int) {
    let lead = (16 - position % 16) % 16
    let storage = TensorStorage(byteCount: bytes.count + lead)
    UnsafeMutableRawBufferPointer(start: storage.baseAddress + lead, count: bytes.count)
      .copyMemory(from: bytes)
    self.init(storage, byteOffset: lead, byteCount: bytes.count)
  }
}
