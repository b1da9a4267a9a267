import GRPCCore
import GRPCProtobuf
import KServeProtocol
import SwiftProtobuf

extension RPCRouter {
  /// Registers a method with one request and one response, both messages of protobuf.
  mutating func registerUnary<Input: Message, Output: Message>(
    _ service: String, _ method: String, _ input: Input.Type, _ output: Output.Type,
    _ body: @escaping @Sendable (Input) async throws(KServeError) -> Output
  ) {
    registerUnary(
      service, method, deserializer: ProtobufDeserializer<Input>(),
      serializer: ProtobufSerializer<Output>(), body)
  }

  /// Registers a method with one request and one response.
  mutating func registerUnary<Input: Sendable, Output: Sendable>(
    _ service: String, _ method: String, deserializer: some MessageDeserializer<Input>,
    serializer: some MessageSerializer<Output>,
    _ body: @escaping @Sendable (Input) async throws(KServeError) -> Output
  ) {
    registerHandler(
      forMethod: MethodDescriptor(
        fullyQualifiedService: service, method: method, type: .unary),
      deserializer: deserializer, serializer: serializer
    ) { request, _ in
      let message = try await ServerRequest(stream: request).message
      do throws(KServeError) {
        return StreamingServerResponse(single: ServerResponse(message: try await body(message)))
      } catch {
        return StreamingServerResponse(error: error.rpcError)
      }
    }
  }
}
