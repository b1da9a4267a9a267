import Glibc
public import SparkWorker
import Synchronization
import Threads

/// Spark's coordinator of a barrier stage: each task has a place of its own to call.
public final class FakeSparkBarrier: Sendable {
  private struct Round {
    var messages: [Int: String] = [:]
    var waiting: [WorkerConnection] = []
  }

  /// Where each task calls, in the order of the partitions.
  public let addresses: [TaskIdentity.BarrierAddress]
  private let secret = "barrier-\(UInt64.random(in: 0 ... .max))"
  private let listeners: [Int32]
  private let round = Mutex(Round())
  private let failure: String?

  /// - Parameters:
  ///   - tasks: how many tasks meet.
  ///   - transport: how they call.
  ///   - directory: for socket files; its path must be short.
  ///   - failure: what every call is answered with instead.
  /// - Throws: `WorkerError` if the system gives no sockets.
  public init(
    tasks: Int, transport: FakeSpark.Transport, directory: String = "/tmp", failure: String? = nil
  ) throws {
    self.failure = failure
    var addresses: [TaskIdentity.BarrierAddress] = []
    var listeners: [Int32] = []
    for _ in 0..<tasks {
      switch transport {
      case .tcp:
        let (listener, port) = try Socket.listenTCP()
        listeners.append(listener)
        addresses.append(.tcp(port: port, secret: secret))
      case .unix:
        let path = "\(directory)/.barrier-\(UInt64.random(in: 0 ... .max)).sock"
        listeners.append(try Socket.listenUnix(path: path))
        addresses.append(.unix(path: path))
      }
    }
    self.addresses = addresses
    self.listeners = listeners
    for (task, listener) in listeners.enumerated() {
      Thread.start { [weak self] in
        while let connection = Socket.accept(listener) {
          do { try self?.answer(connection, task) } catch { continue }
        }
      }
    }
  }

  /// Ends the coordinator.
  public func close() {
    for listener in listeners { shutdown(listener, Int32(SHUT_RDWR)) }
    for case .unix(let path) in addresses { unlink(path) }
  }

  private func answer(_ connection: WorkerConnection, _ task: Int) throws {
    if case .tcp = addresses[task] {
      let isRight = try connection.readText() == secret
      connection.write(text: isRight ? "ok" : "err")
      try connection.flush()
      if !isRight { return }
    }
    let request = try connection.readInt32()
    let message = request == 2 ? try connection.readText() : "success"
    if let failure {
      connection.write(text: failure)
      return try connection.flush()
    }
    let complete = round.withLock { round -> Round? in
      round.messages[task] = message
      round.waiting.append(connection)
      guard round.messages.count == addresses.count else { return nil }
      defer { round = Round() }
      return round
    }
    guard let complete else { return }
    let messages = complete.messages.sorted { $0.key < $1.key }.map(\.value)
    for connection in complete.waiting {
      let answer = request == 2 ? messages : ["success"]
      connection.write(Int32(answer.count))
      for message in answer { connection.write(text: message) }
      try connection.flush()
    }
  }
}
