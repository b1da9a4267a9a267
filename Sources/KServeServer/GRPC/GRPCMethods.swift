import KServeProtocol
import SwiftProtobuf

/// The methods that the server has, by their paths.
struct GRPCMethods: Sendable {
  /// A method's work on its messages.
  enum Method: Sendable {
    /// One request, one response. The answer may come at once, on any thread.
    case unary(
      @Sendable (
        _ request: TensorBytes, _ cancellation: RequestCancellation,
        _ answer: @escaping @Sendable (Result<[UInt8], KServeError>) -> Void
      ) -> Void)
    /// Any number of requests, each with any number of responses, after which `done` is called. The
    /// requests of a call are handed over in their order, each when the one before was taken.
    case stream(
      @Sendable (
        _ request: TensorBytes, _ cancellation: RequestCancellation,
        _ respond: @escaping @Sendable ([UInt8]) -> Void, _ done: @escaping @Sendable () -> Void
      ) -> Void)
  }

  private var methods: [String: Method] = [:]

  subscript(path: String) -> Method? {
    get { methods[path] }
    set { methods[path] = newValue }
  }

  /// Adds a method of one request and one response, both messages of protobuf.
  mutating func add<Input: Message, Output: Message>(
    _ path: String, _ input: Input.Type, _ output: Output.Type,
    _ body: @escaping @Sendable (Input) async throws(KServeError) -> Output
  ) {
    methods[path] = .unary { request, _, answer in
      Task {
        let result: Result<[UInt8], KServeError>
        do throws(KServeError) {
          let message = try Self.message(input, from: request)
          result = .success(try Self.bytes(of: try await body(message)))
        } catch {
          result = .failure(error)
        }
        answer(result)
      }
    }
  }

  private static func message<Input: Message>(
    _ type: Input.Type, from bytes: TensorBytes
  ) throws(KServeError) -> Input {
    do {
      return try bytes.withUnsafeBytes { try Input(serializedBytes: Array($0)) }
    } catch {
      throw KServeError(
        .internal, "Unable to parse the message as \(Input.protoMessageName): \(error)")
    }
  }

  private static func bytes(of message: some Message) throws(KServeError) -> [UInt8] {
    do {
      return try message.serializedBytes()
    } catch {
      throw KServeError(.internal, "the answer cannot be written: \(error)")
    }
  }
}
