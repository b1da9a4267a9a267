import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SwiftProtobuf

/// gRPC calls of one server on one HTTP/2 connection.
final class GRPCConnection: KServeConnection {
  private static let service = "inference.GRPCInferenceService"

  private let endpoint: KServeEndpoint
  private let options: KServeClientOptions
  private let client: GRPCClient<HTTP2ClientTransport.Posix>
  private let connections: Task<Void, any Error>
  private let metadata: Metadata

  init(_ endpoint: KServeEndpoint, _ options: KServeClientOptions) throws {
    self.endpoint = endpoint
    self.options = options
    let security: HTTP2ClientTransport.Posix.TransportSecurity =
      endpoint.isSecure
      ? .tls { tls in
        if let file = options.certificateAuthorityFile {
          tls.trustRoots = .certificates([.file(path: file, format: .pem)])
        }
      } : .plaintext
    let transport: HTTP2ClientTransport.Posix
    do {
      transport = try HTTP2ClientTransport.Posix(
        target: .dns(host: endpoint.host, port: endpoint.port), transportSecurity: security,
        config: .defaults { config in
          // Tensors are large: few big frames, and a window that a whole batch fits in.
          config.http2.targetWindowSize = 16 << 20
          config.http2.maxFrameSize = 1 << 20
        })
    } catch {
      throw KServeError(
        .invalidArgument,
        "no connection to \(endpoint) can be set up: \(error); the file of authorities "
          + "(\(options.certificateAuthorityFile ?? "the system's")) must be PEM")
    }
    client = GRPCClient(transport: transport)
    var metadata: Metadata = [:]
    for (name, value) in options.headers { metadata.addString(value, forKey: name.lowercased()) }
    if let token = options.accessToken {
      metadata.addString(token, forKey: "triton-grpc-protocol-triton-access-token")
    }
    self.metadata = metadata
    let client = client
    connections = Task { try await client.runConnections() }
  }

  func close() async {
    client.beginGracefulShutdown()
    _ = await connections.result
  }

  private var callOptions: CallOptions {
    var options = CallOptions.defaults
    options.timeout = .seconds(self.options.timeout)
    options.maxRequestMessageBytes = self.options.maxMessageBytes
    options.maxResponseMessageBytes = self.options.maxMessageBytes
    options.waitForReady = false
    return options
  }

  func call<Question: Message, Reply: Message>(
    _ question: KServeQuestion<Question>, reply: Reply.Type
  ) async throws -> Reply {
    try await unary(
      question.method, question.message, ProtobufSerializer<Question>(),
      ProtobufDeserializer<Reply>())
  }

  func isTrue(_ health: KServeHealth) async throws -> Bool {
    switch health {
    case .serverLive:
      return try await unary(
        "ServerLive", Inference_ServerLiveRequest(), ProtobufSerializer(),
        ProtobufDeserializer<Inference_ServerLiveResponse>()
      ).live
    case .serverReady:
      return try await unary(
        "ServerReady", Inference_ServerReadyRequest(), ProtobufSerializer(),
        ProtobufDeserializer<Inference_ServerReadyResponse>()
      ).ready
    case .modelReady(let name, let version):
      let question = Inference_ModelReadyRequest.with {
        $0.name = name
        $0.version = version
      }
      return try await unary(
        "ModelReady", question, ProtobufSerializer(),
        ProtobufDeserializer<Inference_ModelReadyResponse>()
      ).ready
    }
  }

  func infer(_ request: InferRequest) async throws -> InferResponse {
    try checkSize(try request.protobufSize(), request)
    return try await unary(
      "ModelInfer", request, InferRequestSerializer(), InferResponseDeserializer())
  }

  func inferStream(
    _ request: InferRequest, _ response: @escaping @Sendable (InferStreamResponse) -> Bool
  ) async throws {
    try checkSize(try request.protobufSize(), request)
    do {
      try await client.bidirectionalStreaming(
        request: StreamingClientRequest(metadata: metadata) { writer in
          try await writer.write(request)
        },
        descriptor: Self.method("ModelStreamInfer", .bidirectionalStreaming),
        serializer: InferRequestSerializer(), deserializer: InferStreamResponseDeserializer(),
        options: callOptions
      ) { answers in
        for try await answer in answers.messages where !response(answer) { return }
      }
    } catch {
      throw translated(error)
    }
  }

  private func checkSize(_ size: Int, _ request: InferRequest) throws(KServeError) {
    try options.check(requestBytes: size, model: request.modelName, endpoint: endpoint)
  }

  private func unary<Question: Sendable, Reply: Sendable>(
    _ method: String, _ question: Question, _ serializer: some MessageSerializer<Question>,
    _ deserializer: some MessageDeserializer<Reply>
  ) async throws -> Reply {
    var pauses = [100, 300, 900][...]
    while true {
      do {
        return try await client.unary(
          request: ClientRequest(message: question, metadata: metadata),
          descriptor: Self.method(method, .unary), serializer: serializer,
          deserializer: deserializer, options: callOptions
        ) { try $0.message }
      } catch let error as RPCError
        where error.code == .unavailable && error.cause != nil && !pauses.isEmpty
      {
        // There was no connection, so that the server has seen nothing of the request.
        try await Task.sleep(for: .milliseconds(pauses.removeFirst()))
      } catch {
        throw translated(error)
      }
    }
  }

  private static func method(_ name: String, _ type: MethodDescriptor.RPCType) -> MethodDescriptor {
    MethodDescriptor(fullyQualifiedService: service, method: name, type: type)
  }

  private func translated(_ error: any Error) -> any Error {
    guard let error = error as? RPCError else { return error }
    var translated = KServeError(error)
    switch error.code {
    case .unavailable where error.cause != nil:
      translated.message =
        "the server \(endpoint) cannot be reached (\(error.message)); check that it runs there, that "
        + "this is its \(endpoint.transport.rawValue) port, and whether it uses TLS"
    case .deadlineExceeded:
      translated.message =
        "the server \(endpoint) did not answer within \(options.timeout) s; it may be overloaded, or "
        + "the time is too short (KServeClientOptions.timeout)"
    case .resourceExhausted:
      translated.message =
        "a message from or to \(endpoint) is beyond its limit (this side's is "
        + "\(options.maxMessageBytes) bytes, KServeClientOptions.maxMessageBytes): \(error.message)"
    default: break
    }
    return translated
  }
}

extension KServeClientOptions {
  func check(
    requestBytes size: Int, model: String, endpoint: KServeEndpoint
  ) throws(KServeError) {
    guard size > maxMessageBytes else { return }
    throw KServeError(
      .resourceExhausted,
      "the request to model '\(model)' at \(endpoint) has \(size) bytes, the limit is "
        + "\(maxMessageBytes); send smaller batches, or raise KServeClientOptions.maxMessageBytes and "
        + "the server's limit")
  }
}

private struct InferRequestSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ request: InferRequest) throws -> Bytes {
    try request.protobuf()
  }
}

private struct InferResponseDeserializer: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> InferResponse {
    try bytes.withUnsafeBytes { try InferResponse(protobuf: $0) }
  }
}

private struct InferStreamResponseDeserializer: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> InferStreamResponse {
    try bytes.withUnsafeBytes { try InferStreamResponse(protobuf: $0) }
  }
}
