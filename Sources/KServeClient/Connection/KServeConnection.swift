import NIOHTTP1
import SwiftProtobuf

/// One of the two transports of the protocol.
protocol KServeConnection: Sendable {
  /// Makes a call that is no inference.
  ///
  /// - Parameters:
  ///   - question: the call and its message.
  ///   - reply: the message that answers.
  func call<Question: Message, Reply: Message>(
    _ question: KServeQuestion<Question>, reply: Reply.Type
  ) async throws -> Reply

  /// Asks whether the server, or a model, can be used.
  func isTrue(_ health: KServeHealth) async throws -> Bool

  func infer(_ request: InferRequest) async throws -> InferResponse

  /// Sends a request whose answer is any number of responses.
  func inferStream(
    _ request: InferRequest, _ response: @escaping @Sendable (InferStreamResponse) -> Bool
  ) async throws

  func sharedMemoryStatus() async throws -> [SharedMemoryStatus]

  func close() async
}

/// A call in both its forms.
struct KServeQuestion<Question: Message>: Sendable {
  /// The gRPC method.
  let method: String
  let message: Question
  let httpMethod: HTTPMethod
  /// The HTTP path, percent-encoded.
  let path: String
  var body: [UInt8] = []
  /// The member that the HTTP answer becomes where it is an array and gRPC has a message around it.
  var wrapping: String?
}

extension KServeQuestion<Inference_ServerMetadataRequest> {
  /// What a server says of itself.
  static var serverMetadata: Self {
    Self(
      method: "ServerMetadata", message: Inference_ServerMetadataRequest(), httpMethod: .GET,
      path: "/v2")
  }
}

extension KServeError {
  /// Whether a server, or what is before it, may not have the call that was made. OpenVINO's server
  /// says 400 (``Code/invalidArgument``) of paths that it does not know.
  var isAboutMissingCall: Bool {
    [.notFound, .unimplemented, .invalidArgument].contains(code)
  }
}

/// A question that HTTP answers by its status.
enum KServeHealth: Sendable {
  case serverLive
  case serverReady
  case modelReady(name: String, version: String)
}
