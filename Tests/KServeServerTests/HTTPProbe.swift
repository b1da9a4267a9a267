import Glibc
import Testing
import Threads

@testable import KServeServer

/// A connection that sends what a test tells it and reads answers, on a thread of its own so that
/// waiting holds nobody up.
final class HTTPProbe: @unchecked Sendable {
  struct Answer: Sendable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  struct Failure: Error {
    var reason: String
  }

  private let socket: Int32
  private var received: [UInt8] = []

  init(port: Int) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result != 0 { throw Failure(reason: "cannot connect to \(port): \(errno)") }
  }

  deinit { close() }

  private var isOpen = true

  func close() {
    if isOpen { Glibc.close(socket) }
    isOpen = false
  }

  func send(_ bytes: some Sequence<UInt8>) async throws {
    let bytes = Array(bytes)
    try await Self.onThread { [self] in
      var sent = 0
      while sent < bytes.count {
        let count = bytes.withUnsafeBytes {
          Glibc.send(
            socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
            Int32(MSG_NOSIGNAL))
        }
        if count <= 0 { throw Failure(reason: "cannot send: \(errno)") }
        sent += count
      }
    }
  }

  /// The next answer on the connection.
  ///
  /// - Parameter hasBody: whether the bytes that it tells of follow, as not behind HEAD.
  func answer(hasBody: Bool = true) async throws -> Answer {
    try await Self.onThread { [self] in
      var head: ArraySlice<UInt8>?
      while true {
        if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
          head = received[..<end.lowerBound]
          received.removeFirst(end.upperBound)
          break
        }
        try receive()
      }
      let lines = String(decoding: head ?? [], as: UTF8.self).split(separator: "\r\n")
      let status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        headers[parts[0].lowercased()] = parts.last.map { String($0.drop { $0 == " " }) }
      }
      let length = hasBody ? Int(headers["content-length"] ?? "0") ?? 0 : 0
      while received.count < length { try receive() }
      defer { received.removeFirst(length) }
      return Answer(status: status, headers: headers, body: Array(received.prefix(length)))
    }
  }

  /// Whether the server closes the connection.
  func isClosedByServer() async -> Bool {
    (try? await Self.onThread { [self] in try receive() }) == nil
  }

  /// The next `count` bytes.
  func bytes(_ count: Int) async throws -> [UInt8] {
    try await Self.onThread { [self] in
      while received.count < count { try receive() }
      defer { received.removeFirst(count) }
      return Array(received.prefix(count))
    }
  }

  /// The bytes that came and were not taken as an answer.
  var receivedBytes: Int { received.count }

  private func receive() throws {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &buffer, buffer.count, 0)
    if count <= 0 { throw Failure(reason: count == 0 ? "closed" : "error \(errno)") }
    received.append(contentsOf: buffer.prefix(count))
  }

  private static func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await Threads.Thread.run(body)
  }
}

extension HTTPProbe {
  /// One request and its answer on a connection of their own.
  static func ask(
    _ port: Int, _ method: String, _ path: String, headers: [String: String] = [:],
    body: [UInt8]? = nil
  ) async throws -> Answer {
    let probe = try HTTPProbe(port: port)
    defer { probe.close() }
    try await probe.send(request(method, path, headers: headers, body: body))
    return try await probe.answer()
  }

  /// The bytes of a request.
  static func request(
    _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
  ) -> [UInt8] {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.count)\r\n" }
    return Array((text + "\r\n").utf8) + (body ?? [])
  }
}
