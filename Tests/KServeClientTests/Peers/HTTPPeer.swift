import Foundation
import Synchronization

/// An HTTP server that answers as a test says, one request after the other on each connection: a stand-in
/// for servers of others, with what was recorded from them.
final class HTTPPeer: Sendable {
  struct Request: Sendable {
    var method: String
    var path: String
    /// By their names in lower case.
    var headers: [String: String]
    var body: Data
  }

  struct Answer: Sendable {
    var status = 200
    var headers: [(String, String)] = [("Content-Type", "application/json")]
    var body: String

    static func json(_ body: String, status: Int = 200) -> Answer {
      Answer(status: status, body: body)
    }

    /// What FastAPI says of a path that it does not have.
    static let notFound = Answer.json(#"{"detail":"Not Found"}"#, status: 404)
  }

  var port: Int { listener.port }
  private let listener: LoopbackListener
  private let seen: Log

  private final class Log: Sendable {
    let requests = Mutex<[Request]>([])
  }

  /// The requests so far.
  var requests: [Request] { seen.requests.withLock { $0 } }

  init(_ respond: @escaping @Sendable (Request) -> Answer) throws {
    let seen = Log()
    self.seen = seen
    listener = try LoopbackListener { descriptor in
      Thread.detachNewThread {
        HTTPPeer.serve(descriptor, seen, respond)
        close(descriptor)
      }
    }
  }

  private static func serve(
    _ descriptor: Int32, _ seen: Log, _ respond: (Request) -> Answer
  ) {
    var data = Data()
    func readMore() -> Bool {
      var buffer = [UInt8](repeating: 0, count: 65536)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 { data.append(contentsOf: buffer[..<count]) }
      return count > 0
    }
    // As uvicorn says it.
    let refusal =
      "HTTP/1.1 400 Bad Request\r\ncontent-length: 30\r\nconnection: close\r\n\r\n"
      + "Invalid HTTP request received."
    let blank = Data("\r\n\r\n".utf8)
    while true {
      while data.range(of: blank) == nil {
        if !readMore() { return }
        if let first = data.first, !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) {
          _ = send(descriptor, refusal, refusal.utf8.count, Int32(MSG_NOSIGNAL))
          return
        }
      }
      guard let end = data.range(of: blank) else { return }
      let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self)
        .components(separatedBy: "\r\n")
      let words = lines[0].split(separator: " ")
      if words.count != 3 || !words[2].hasPrefix("HTTP/1.") {
        _ = send(descriptor, refusal, refusal.utf8.count, Int32(MSG_NOSIGNAL))
        return
      }
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        headers[line[..<colon].lowercased(), default: ""] +=
          line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
      data = Data(data[end.upperBound...])
      let length = Int(headers["content-length"] ?? "") ?? 0
      while data.count < length { if !readMore() { return } }
      let request = Request(
        method: String(words[0]), path: String(words[1]), headers: headers,
        body: Data(data.prefix(length)))
      data = Data(data.dropFirst(length))
      seen.requests.withLock { $0.append(request) }
      let answer = respond(request)
      var text = "HTTP/1.1 \(answer.status) Said\r\nContent-Length: \(answer.body.utf8.count)\r\n"
      for (name, value) in answer.headers { text += "\(name): \(value)\r\n" }
      text += "\r\n" + answer.body
      if send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) < 0 { return }
    }
  }
}
