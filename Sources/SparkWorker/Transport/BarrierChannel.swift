package import Glibc
import SparkFunctions

/// The way to the other tasks of a barrier stage: Spark's coordinator, one connection for each call.
///
/// Each call takes about a second, because Spark looks once in a second whether all have come.
struct BarrierChannel: BarrierCoordinator {
  /// What the coordinator is asked to do (`BarrierTaskContextMessageProtocol`).
  private enum Request: Int32 {
    case barrier = 1
    case allGather = 2
  }

  let address: TaskIdentity.BarrierAddress
  var prefersIPv6 = false
  /// A text longer than this is no task's message.
  private static let maximumLength: Int32 = 1 << 28

  func barrier() async throws { _ = try call(.barrier) }

  func allGather(_ message: String) async throws -> [String] {
    try call(.allGather, message)
  }

  /// Blocks the calling thread, which belongs to the task.
  private func call(_ request: Request, _ message: String? = nil) throws -> [String] {
    do throws(WorkerError) {
      let connection: WorkerConnection
      switch address {
      case .tcp(let port, let secret):
        connection = try Socket.connect(to: .tcp(port: port, isIPv6: prefersIPv6))
        let answer = try connection.answer(toSecret: secret)
        guard answer == "ok" else {
          throw WorkerError(.barrier, "Spark's coordinator refused this task: \(answer)")
        }
      case .unix(let path): connection = try Socket.connect(to: .unix(path: path))
      }
      connection.write(request.rawValue)
      if let message { connection.write(text: message) }
      try connection.flush()
      return try answer(connection)
    } catch {
      guard error.code != .barrier else { throw error }
      throw WorkerError(
        .barrier, "the other tasks cannot be reached: \(error.message)", cause: error)
    }
  }

  /// The answer is a list of texts, or one text that says what went wrong. The two differ in what
  /// stands behind the first number: the length of a text, or characters.
  private func answer(_ connection: WorkerConnection) throws(WorkerError) -> [String] {
    while !connection.isReadable(within: 0.2) {
      if Task.isCancelled { throw WorkerError(.barrier, "the task was cancelled while it waited") }
    }
    let count = try connection.readInt32()
    guard count > 0 else { return [] }
    let second = try connection.peekInt32()
    if second < 0 || second > Self.maximumLength {
      var reader = WireReader(connection)
      let text = try reader.bytes(Int(min(count, 1 << 16)), "an error")
      throw WorkerError(.barrier, String(decoding: text, as: UTF8.self))
    }
    var messages: [String] = []
    for _ in 0..<count { messages.append(try connection.readText()) }
    return messages
  }
}

extension WorkerConnection {
  /// Whether there is something to read, or the connection is closed, before `seconds` are over.
  fileprivate func isReadable(within seconds: Double) -> Bool {
    var request = pollfd(descriptor: descriptor)
    return poll(&request, 1, Int32(seconds * 1000)) != 0
  }
}

extension pollfd {
  /// A request to wait until `descriptor` can be read.
  package init(descriptor: Int32) {
    self.init(fd: descriptor, events: Int16(POLLIN), revents: 0)
  }
}
