import KServeProtocol
import NIOCore
import SwiftProtobuf

/// The methods that the server has, by their paths.
struct GRPCMethods: Sendable {
  /// What a method gets with a request beside its bytes.
  struct Caller: Sendable {
    var cancellation: RequestCancellation
    /// Of the bytes that the connection's requests and answers take.
    var limit: InFlightLimit
    var client: ClientIdentity
  }

  /// A response, as it travels, and what it takes of its connection's limit until it is sent.
  struct Response: Sendable {
    var message: ByteBuffer
    var lease: InFlightLimit.Lease?

    /// A response that is small.
    init(_ bytes: [UInt8]) {
      message = ByteBuffer()
      message.writeGRPCMessage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// A response that may be long; it is written once, to where it is sent from.
    ///
    /// - Throws: ``KServeError`` if there is no memory for it, or it is longer than gRPC can tell.
    init(_ serialized: SerializedInferMessage, lease: InFlightLimit.Lease?) throws(KServeError) {
      let count = serialized.byteCount
      guard count <= GRPCMessage.maxByteCount else {
        throw KServeError(
          .resourceExhausted,
          "the response has \(count) bytes, more than a message of gRPC can have; ask for fewer rows"
        )
      }
      try Memory.probe(count)
      message = ByteBuffer()
      message.writeGRPCMessage(byteCount: count) { serialized.write(to: $0) }
      self.lease = lease
    }
  }

  /// A method's work on its messages.
  enum Method: Sendable {
    /// One request, one response. The answer may come at once, on any thread.
    case unary(
      @Sendable (
        _ request: TensorBytes, _ caller: Caller,
        _ answer: @escaping @Sendable (Result<Response, KServeError>) -> Void
      ) -> Void)
    /// Any number of requests, each with any number of responses, after which `done` is called. The
    /// requests of a call are handed over in their order, each when the one before was taken.
    case stream(
      @Sendable (
        _ request: TensorBytes, _ caller: Caller,
        _ respond: @escaping @Sendable (Response) -> Void, _ done: @escaping @Sendable () -> Void
      ) -> Void)

    var kind: GRPCMethodKind {
      switch self {
      case .unary: .unary
      case .stream: .stream
      }
    }
  }

  private var methods: [String: Method] = [:]

  subscript(path: String) -> Method? {
    get { methods[path] }
    set { methods[path] = newValue }
  }

  /// Adds a method of one request and one response, both messages of protobuf.
  mutating func add<Input: Message, Output: Message>(
    _ method: String, of service: String = KServeService.name, _ input: Input.Type,
    _ body: @escaping @Sendable (Input) async throws(KServeError) -> Output
  ) {
    add(method, of: service, input) { (message, _) throws(KServeError) in try await body(message) }
  }

  /// Adds such a method that asks who calls.
  mutating func add<Input: Message, Output: Message>(
    _ method: String, of service: String = KServeService.name, _ input: Input.Type,
    _ body: @escaping @Sendable (Input, Caller) async throws(KServeError) -> Output
  ) {
    methods["/\(service)/\(method)"] = .unary { request, caller, answer in
      Task {
        do throws(KServeError) {
          let message = try Self.message(input, from: request)
          answer(.success(Response(try Self.bytes(of: try await body(message, caller)))))
        } catch {
          answer(.failure(error))
        }
      }
    }
  }

  /// The longest request that is no inference: names and settings.
  private static let maxQuestionBytes = 1 << 20

  private static func message<Input: Message>(
    _ type: Input.Type, from bytes: TensorBytes
  ) throws(KServeError) -> Input {
    guard bytes.byteCount <= maxQuestionBytes else {
      throw KServeError(
        .resourceExhausted,
        "the request has \(bytes.byteCount) bytes, and this method takes \(maxQuestionBytes) at most"
      )
    }
    return try Input(parsing: bytes.withUnsafeBytes { Array($0) })
  }

  private static func bytes(of message: some Message) throws(KServeError) -> [UInt8] {
    do {
      return try message.serializedBytes()
    } catch {
      throw KServeError(.internal, "the answer cannot be written: \(error)", cause: error)
    }
  }
}
