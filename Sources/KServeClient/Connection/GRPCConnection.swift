import NIOCore
import NIOHPACK
import SwiftProtobuf
import Synchronization
import Tensors

/// gRPC calls of one server on one HTTP/2 connection.
final class GRPCConnection: KServeConnection {
  private let endpoint: KServeEndpoint
  private let options: KServeClientOptions
  private let connection: HTTP2Connection
  private let firstAnswer: FirstAnswer
  private let buffers = BufferPool()
  /// Those that begin with a colon come first.
  private let pseudoHeaders: [(String, String)]
  private let headers: [(String, String)]

  init(_ endpoint: KServeEndpoint, _ options: KServeClientOptions) throws {
    self.endpoint = endpoint
    self.options = options
    let common = try CallHeaders(
      endpoint, options, token: "triton-grpc-protocol-triton-access-token")
    let address = try ServerAddress(
      endpoint, certificateAuthorityFile: options.certificateAuthorityFile)
    connection = HTTP2Connection(address)
    firstAnswer = FirstAnswer(address)
    pseudoHeaders = [
      (":method", "POST"), (":scheme", endpoint.isSecure ? "https" : "http"),
      (":authority", common.authority),
    ]
    headers = [("content-type", "application/grpc"), ("te", "trailers")] + common.others
  }

  func close() async { await connection.close() }

  func call<Question: Message, Reply: Message>(
    _ question: KServeQuestion<Question>, reply: Reply.Type
  ) async throws -> Reply {
    try await unary(question.method, question.message)
  }

  func isTrue(_ health: KServeHealth) async throws -> Bool {
    switch health {
    case .serverLive:
      let reply: Inference_ServerLiveResponse = try await unary(
        "ServerLive", Inference_ServerLiveRequest())
      return reply.live
    case .serverReady:
      let reply: Inference_ServerReadyResponse = try await unary(
        "ServerReady", Inference_ServerReadyRequest())
      return reply.ready
    case .modelReady(let name, let version):
      let question = Inference_ModelReadyRequest.with {
        $0.name = name
        $0.version = version
      }
      let reply: Inference_ModelReadyResponse = try await unary("ModelReady", question)
      return reply.ready
    }
  }

  func infer(_ request: InferRequest) async throws -> InferResponse {
    let body = try body(of: request)
    defer { buffers.put(body) }
    let answer = try await unary("ModelInfer", body: body)
    do {
      return try InferResponse(protobuf: answer)
    } catch {
      throw KServeError(
        error.code, "\(endpoint) answered what is no response: \(error.message)", cause: error)
    }
  }

  func inferStream(
    _ request: InferRequest, _ response: @escaping @Sendable (InferStreamResponse) -> Bool
  ) async throws {
    let body = try body(of: request)
    let unreadable = Mutex<KServeError?>(nil)
    do throws(CallFailure) {
      try await run("ModelStreamInfer", body, deadline: deadline) { bytes in
        do throws(KServeError) {
          let answer = try bytes.withUnsafeBytes { (raw) throws(KServeError) in
            try InferStreamResponse(protobuf: raw)
          }
          return response(answer)
        } catch {
          unreadable.withLock { $0 = error }
          return false
        }
      }
    } catch {
      throw error.translated(endpoint, options)
    }
    if let error = unreadable.withLock({ $0 }) { throw error }
  }

  func sharedMemoryStatus() async throws -> [SharedMemoryStatus] {
    let reply: Inference_SystemSharedMemoryStatusResponse = try await unary(
      "SystemSharedMemoryStatus", Inference_SystemSharedMemoryStatusRequest())
    return reply.regions.values.map {
      SharedMemoryStatus(
        name: $0.name, key: $0.key, byteOffset: Int(clamping: $0.offset),
        byteCount: Int(clamping: $0.byteSize))
    }
  }

  private func unary<Question: Message, Reply: Message>(
    _ method: String, _ question: Question
  ) async throws -> Reply {
    do {
      let bytes: [UInt8] = try question.serializedBytes()
      var body = ByteBuffer()
      body.writeGRPCMessage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
      let answer = try await unary(method, body: body)
      return try answer.withUnsafeBytes { try Reply(serializedBytes: Array($0)) }
    } catch let error as BinaryDecodingError {
      throw KServeError(
        .unknown,
        "\(endpoint) answered \(method) with what is no \(Reply.protoMessageName): \(error)",
        cause: error)
    }
  }

  /// Makes a call with one response, again while there is no connection.
  private func unary(_ method: String, body: ByteBuffer) async throws -> TensorBytes {
    let deadline = deadline
    let answer = Mutex<TensorBytes?>(nil)
    do throws(CallFailure) {
      try await CallHandle.retrying(until: deadline) { () throws(CallFailure) in
        try await run(method, body, deadline: deadline) { bytes in
          answer.withLock { $0 = bytes }
          return true
        }
      }
    } catch {
      throw await firstAnswer.explained(error, on: connection.eventLoop)
        .translated(endpoint, options)
    }
    firstAnswer.came()
    if let answer = answer.withLock({ $0 }) { return answer }
    throw KServeError(.internal, "\(endpoint) answered \(method) without a message")
  }

  /// Makes a call; `receive` takes each response and tells whether it wants more.
  private func run(
    _ method: String, _ body: ByteBuffer, deadline: NIODeadline,
    receive: @escaping @Sendable (TensorBytes) -> Bool
  ) async throws(CallFailure) {
    let timeout = GRPCTimeout.text(deadline - .now())
    let request = GRPCCall.Request(
      headers: HPACKHeaders(
        pseudoHeaders + [
          (":path", "/inference.GRPCInferenceService/\(method)"),
          ("grpc-timeout", timeout),
        ] + headers),
      body: body, deadline: deadline, maxResponseBytes: options.maxMessageBytes)
    try await CallHandle.run { handle, complete in
      GRPCCall(
        request, on: connection, receive: { if !receive($0) { handle.stop() } }, complete: complete)
    }
  }

  private var deadline: NIODeadline { .now() + .nanoseconds(Int64(options.timeout * 1e9)) }

  private func body(of request: InferRequest) throws -> ByteBuffer {
    let message = try request.serialized()
    try options.check(
      requestBytes: message.byteCount, model: request.modelName, endpoint: endpoint)
    guard message.byteCount <= GRPCMessage.maxByteCount else {
      throw KServeError(
        .resourceExhausted,
        "the request to model '\(request.modelName)' at \(endpoint) has \(message.byteCount) bytes, "
          + "more than a message of gRPC can have; send smaller batches")
    }
    var buffer = buffers.take(byteCount: GRPCMessage.prefixLength + message.byteCount)
    buffer.writeGRPCMessage(byteCount: message.byteCount) { message.write(to: $0) }
    return buffer
  }
}
