import Foundation
import KServeClient
import Synchronization
import Testing

/// Servers that are not there, or are none.
@Suite(.timeLimit(.minutes(1)))
struct UnreachableTests {
  @Test("nobody listens", arguments: Peers.transports)
  func refused(transport: KServeEndpoint.Transport) async throws {
    let port = try Listener { _ in }.port
    let client = try KServeClient(KServeEndpoint(transport, host: "127.0.0.1", port: port))
    let start = ContinuousClock.now
    let error = try await #require(throws: KServeError.self) { _ = try await client.isServerLive() }
    #expect(error.code == .unavailable)
    #expect(error.message.contains("127.0.0.1:\(port)"))
    #expect(ContinuousClock.now - start < .seconds(5))
    let waiting = try await #require(throws: KServeError.self) {
      try await client.waitUntilReady(timeout: .seconds(0.5))
    }
    #expect(waiting.code == .deadlineExceeded)
    #expect(waiting.message.contains("not ready within"))
    await client.close()
  }

  @Test(
    "the other side speaks something else",
    arguments: Peers.transports,
    ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ""])
  func nonsense(transport: KServeEndpoint.Transport, answer: String) async throws {
    let listener = try Listener { $0.write(answer) }
    var options = KServeClientOptions()
    options.timeout = 5
    let client = try KServeClient(
      KServeEndpoint(transport, host: "127.0.0.1", port: listener.port), options: options)
    let error = try await #require(throws: KServeError.self) {
      _ = try await client.infer(InferRequest(modelName: "m", inputs: []))
    }
    #expect(error.message.contains("\(listener.port)"), "\(error)")
    // What may have reached a model is not sent again.
    #expect(listener.count == 1)
    await client.close()
  }

  @Test("a server that takes requests and never answers", arguments: Peers.transports)
  func silent(transport: KServeEndpoint.Transport) async throws {
    let listener = try Listener { _ in sleep(3) }
    var options = KServeClientOptions()
    options.timeout = 0.5
    let client = try KServeClient(
      KServeEndpoint(transport, host: "127.0.0.1", port: listener.port), options: options)
    let start = ContinuousClock.now
    let error = try await #require(throws: KServeError.self) {
      _ = try await client.infer(InferRequest(modelName: "m", inputs: []))
    }
    #expect(error.code == .deadlineExceeded || error.code == .unavailable, "\(error)")
    #expect(ContinuousClock.now - start < .seconds(3))
    await client.close()
  }

  @Test(
    "addresses",
    arguments: [
      ("kserve://h:1", "grpc://h:1"), ("grpc://h", "grpc://h:8001"), ("http://h", "http://h:8000"),
      ("HTTPS://h", "https://h:8000"), ("grpcs://[::1]:9", "grpcs://[::1]:9"), ("h:8001", nil),
      ("ftp://h", nil), ("grpc://", nil), ("grpc://h:99999", nil), ("grpc://h/m", nil),
      ("grpc://u@h", nil), ("", nil), ("http://", nil), ("https://h:443", "https://h:443"),
    ] as [(String, String?)])
  func addresses(url: String, description: String?) throws {
    guard let description else {
      let error = try #require(throws: KServeError.self) { _ = try KServeEndpoint(url: url) }
      #expect(error.code == .invalidArgument)
      return
    }
    #expect(try KServeEndpoint(url: url).description == description)
  }

  @Test("addresses with a model")
  func models() throws {
    let (endpoint, model, version) = try KServeEndpoint.withModel(url: "kserve://h:1/digits/3")
    #expect("\(endpoint) \(model) \(version)" == "grpc://h:1 digits 3")
    #expect(try KServeEndpoint.withModel(url: "http://h/digits").version == "")
    for url in ["kserve://h:1", "kserve://h:1/a/b/c"] {
      #expect(throws: KServeError.self) { _ = try KServeEndpoint.withModel(url: url) }
    }
  }

  @Test("one client for each endpoint and its options")
  func sharing() throws {
    let endpoint = KServeEndpoint(.http, host: "127.0.0.1", port: 1)
    let client = try KServeClient.shared(endpoint)
    #expect(try KServeClient.shared(endpoint) === client)
    var options = KServeClientOptions()
    options.timeout = 1
    #expect(try KServeClient.shared(endpoint, options: options) !== client)
  }
}

/// Listens on a port, reads what comes first, and lets `answer` write; gone when this object is.
private final class Listener: Sendable {
  /// The connections accepted that brought a request.
  var count: Int { accepted.value.withLock { $0 } }
  var port: Int { listener.port }
  private let listener: LoopbackListener
  private let accepted: Counter

  private final class Counter: Sendable {
    let value = Mutex(0)
  }

  struct Connection {
    let descriptor: Int32

    func write(_ text: String) { _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
  }

  init(_ answer: @escaping @Sendable (Connection) -> Void) throws {
    let accepted = Counter()
    self.accepted = accepted
    listener = try LoopbackListener { descriptor in
      var buffer = [UInt8](repeating: 0, count: 65536)
      _ = recv(descriptor, &buffer, buffer.count, 0)
      // A greeting by TLS is no request.
      if buffer[0] != 0x16 { accepted.value.withLock { $0 += 1 } }
      answer(Connection(descriptor: descriptor))
      close(descriptor)
    }
  }
}
