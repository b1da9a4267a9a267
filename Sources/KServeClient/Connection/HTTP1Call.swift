import NIOCore
import NIOHTTP1
import Tensors

/// One HTTP/1.1 call. Its answer is copied once, into memory in which the part behind the JSON header
/// is aligned, so that tensors can be viewed in place.
final class HTTP1Call: NetworkCall, @unchecked Sendable {
  struct Request: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer
    var deadline: NIODeadline
    var maxResponseBytes: Int
  }

  struct Response: Sendable {
    var status: Int
    /// The bytes of JSON before the binary tensors, `nil` if there is JSON only.
    var headerLength: Int?
    /// Where a redirection leads.
    var location: String?
    var body: TensorBytes
  }

  static let headerLength = "Inference-Header-Content-Length"

  private let connections: HTTP1Connections
  private let receive: @Sendable (Response) -> Void
  private let complete: @Sendable (CallFailure?) -> Void
  // The rest is used on the event loop only.
  private var request: Request
  private var connection: HTTP1Connection?
  private var timer: Scheduled<Void>?
  private var head: (status: Int, headerLength: Int?, location: String?) = (0, nil, nil)
  private var storage = TensorStorage(byteCount: 0)
  private var lead = 0
  private var received = 0
  private var hasStarted = false
  private var hasEnded = false
  private var isCancelled = false

  init(
    _ request: Request, on connections: HTTP1Connections,
    receive: @escaping @Sendable (Response) -> Void,
    complete: @escaping @Sendable (CallFailure?) -> Void
  ) {
    self.request = request
    self.connections = connections
    self.receive = receive
    self.complete = complete
  }

  func start() { connections.eventLoop.execute { self.begin() } }

  func cancel() {
    connections.eventLoop.execute {
      self.isCancelled = true
      if self.hasStarted { self.failed(.cancelled) }
    }
  }

  private func begin() {
    hasStarted = true
    if isCancelled { return failed(.cancelled) }
    timer = connections.eventLoop.scheduleTask(deadline: request.deadline) {
      self.failed(.deadline)
    }
    connections.take().whenComplete { result in
      switch result {
      case .success(let connection): self.send(on: connection)
      case .failure(let error): self.failed(.notSent(error))
      }
    }
  }

  private func send(on connection: HTTP1Connection) {
    // A connection that came too late is of no use to this call.
    if hasEnded { return connection.close() }
    self.connection = connection
    // The sender may use the memory again as soon as nobody else holds it.
    let body = request.body
    request.body = ByteBuffer()
    connection.send(request.head, body, for: self)
  }

  /// Ends the call, and its connection, whose answer nobody reads any more.
  func failed(_ failure: CallFailure) { end(failure) }

  private func end(_ failure: CallFailure?) {
    if hasEnded { return }
    hasEnded = true
    timer?.cancel()
    timer = nil
    if failure != nil { connection?.close() }
    connection = nil
    complete(failure)
  }

  func received(_ head: HTTPResponseHead) {
    let length = head.headers.first(name: Self.headerLength).flatMap { Int($0) }
    self.head = (Int(head.status.code), length, head.headers.first(name: "location"))
    if let length, length >= 0 { lead = TensorStorage.lead(before: length) }
    guard let size = head.headers.first(name: "content-length").flatMap({ Int($0) }) else { return }
    if size > request.maxResponseBytes { return failed(.tooLong(byteCount: size)) }
    storage = TensorStorage(byteCount: lead + max(size, 0))
  }

  func received(_ buffer: ByteBuffer) {
    if hasEnded { return }
    let size = received + buffer.readableBytes
    if size > request.maxResponseBytes { return failed(.tooLong(byteCount: size)) }
    if lead + size > storage.byteCount {
      // Twice as much for an answer whose length was not told.
      let larger = TensorStorage(byteCount: lead + max(size, 2 * storage.byteCount))
      if received > 0 {
        (larger.baseAddress + lead).copyMemory(
          from: storage.baseAddress + lead, byteCount: received)
      }
      storage = larger
    }
    buffer.withUnsafeReadableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      (storage.baseAddress + lead + received).copyMemory(from: base, byteCount: bytes.count)
    }
    received = size
  }

  func receivedEnd() {
    if hasEnded { return }
    let body =
      received == 0
      ? TensorBytes(TensorStorage(byteCount: 0))
      : TensorBytes(storage, byteOffset: lead, byteCount: received)
    receive(
      Response(
        status: head.status, headerLength: head.headerLength, location: head.location, body: body))
    end(nil)
  }
}
