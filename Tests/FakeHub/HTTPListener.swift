import Foundation

/// What a server says.
struct HTTPReply {
  var status: Int
  var headers: [String: String] = [:]
  var body = Data()
  /// After how many bytes of the body the connection ends.
  var cut: Int?

  static func json(_ value: Any) -> HTTPReply {
    let body = (try? JSONSerialization.data(withJSONObject: value)) ?? Data()
    return HTTPReply(status: 200, headers: ["Content-Type": "application/json"], body: body)
  }

  /// As the hub tells of errors.
  static func error(_ status: Int, _ code: String, _ message: String) -> HTTPReply {
    var headers = ["X-Error-Message": message]
    if !code.isEmpty { headers["X-Error-Code"] = code }
    return HTTPReply(status: status, headers: headers)
  }
}

/// A port of the loopback interface with an HTTP server behind it until this object is gone. Each
/// connection has one request.
final class HTTPListener: Sendable {
  typealias Responder = @Sendable (_ target: String, _ headers: [String: String]) -> HTTPReply

  let port: Int
  private let socket: Int32

  init(_ respond: @escaping Responder) throws {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.socket = socket
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && listen(socket, 64) == 0
          && getsockname(socket, $0, &size) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRINUSE) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread {
      while true {
        let descriptor = accept(socket, nil, nil)
        if descriptor < 0 {
          // Whoever accepts closes: the next listener has the number of a closed one, and would get its
          // answers from here.
          close(socket)
          return
        }
        Thread.detachNewThread {
          HTTPListener.serve(descriptor, respond)
          close(descriptor)
        }
      }
    }
  }

  /// What accepts ends by it.
  deinit { shutdown(socket, Int32(SHUT_RDWR)) }

  private static func serve(_ descriptor: Int32, _ respond: Responder) {
    var data = Data()
    let blank = Data("\r\n\r\n".utf8)
    while data.range(of: blank) == nil {
      var buffer = [UInt8](repeating: 0, count: 16384)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { return }
      data.append(contentsOf: buffer[..<count])
    }
    let lines = String(decoding: data, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count == 3 else { return }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    // Proxies get whole addresses.
    var target = words[1]
    if target.hasPrefix("http://") {
      target = target.dropFirst("http://".count).drop { $0 != "/" }
    }
    let reply = respond(String(target), headers)
    var text = "HTTP/1.1 \(reply.status) Said\r\nContent-Length: \(reply.body.count)\r\n"
    for (name, value) in reply.headers { text += "\(name): \(value)\r\n" }
    let body = reply.cut.map { reply.body.prefix($0) } ?? reply.body
    let bytes = Array(Data((text + "\r\n").utf8) + body)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      sent += count
    }
    // Closing at once could make the system throw away what the client has not read yet.
    shutdown(descriptor, Int32(SHUT_WR))
    var rest = [UInt8](repeating: 0, count: 1024)
    while recv(descriptor, &rest, rest.count, 0) > 0 {}
  }
}
