import Foundation
import Testing

@testable import Needletail

/// Servers that are shell scripts, without Spark: each must end for its reason, with all of its
/// processes and files.
@Suite(.timeLimit(.minutes(1)))
struct ServerSupervisorTests {
  /// A script that says where it is ready, with a helper in the background as Triton has stubs.
  private static let serving = "sleep 300 & echo $! > $D/helper; touch $D/ready; wait"

  private let shared = "needletail-test-\(UUID().uuidString)"

  private func order(_ script: String, _ adjust: (inout ServerSupervisor.Order) -> Void = { _ in })
    throws -> ServerSupervisor.Order
  {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try Data("leftover".utf8).write(to: URL(filePath: "/dev/shm/\(shared)-region"))
    var order = ServerSupervisor.Order(
      command: ["/bin/sh", "-c", script],
      environment: ["D": folder, "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""],
      folder: folder, sharedMemoryPrefix: shared)
    order.exitTime = 1
    order.startTime = 20
    adjust(&order)
    try order.lease.renew()
    return order
  }

  /// Runs `order`; `act` is called with the server's group and the helper when it is ready.
  private func run(
    _ order: ServerSupervisor.Order,
    _ act: @escaping @Sendable (_ helper: ProcessIdentity) async throws -> Void = { _ in }
  ) async throws -> ServerSupervisor.End {
    let started = ContinuousClock.now
    let helper = Recorded()
    let end = await ServerSupervisor(order: order).run(
      isReady: { FileManager.default.fileExists(atPath: order.folder + "/ready") },
      onReady: { _ in
        let text = try? String(contentsOfFile: order.folder + "/helper", encoding: .utf8)
        let pid = text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        guard let identity = pid.flatMap(ProcessIdentity.init(pid:)) else { return }
        helper.set(identity)
        do { try await act(identity) } catch { Issue.record(error) }
      })
    #expect(ContinuousClock.now - started < .seconds(30))
    // Nothing is left: neither processes nor files.
    if let process = helper.value {
      for _ in 0..<100 where process.isAlive { try await Task.sleep(for: .milliseconds(20)) }
      #expect(!process.isAlive, "the server's helper lives on")
    }
    #expect(!FileManager.default.fileExists(atPath: order.folder))
    #expect(!FileManager.default.fileExists(atPath: "/dev/shm/\(shared)-region"))
    return end
  }

  @Test("a stop by the lease")
  func stop() async throws {
    let order = try order(Self.serving)
    let end = try await run(order) { _ in try order.lease.stop() }
    #expect(end == .stopped)
  }

  @Test("a server that ignores SIGTERM is killed with its helpers")
  func stubborn() async throws {
    let order = try order("trap '' TERM; \(Self.serving)")
    let end = try await run(order) { _ in try order.lease.stop() }
    #expect(end == .stopped)
  }

  @Test("a lease that nobody renews")
  func lease() async throws {
    let order = try order(Self.serving) { $0.leaseTime = 2 }
    let started = ContinuousClock.now
    // Renewed once, one second on, it lasts that much longer.
    let end = try await run(order) { _ in
      try await Task.sleep(for: .seconds(1))
      try order.lease.renew()
    }
    #expect(end == .leaseExpired)
    #expect(ContinuousClock.now - started > .seconds(3))
  }

  @Test("the process that it is for is killed")
  func abandoned() async throws {
    let executor = Process()
    executor.executableURL = URL(filePath: "/bin/sleep")
    executor.arguments = ["300"]
    try executor.run()
    defer { if executor.isRunning { executor.terminate() } }
    let identity = try #require(ProcessIdentity(pid: executor.processIdentifier))
    let order = try order(Self.serving) { $0.watched = [identity] }
    let end = try await run(order) { _ in kill(identity.pid, SIGKILL) }
    #expect(end == .abandoned(by: identity))
  }

  @Test("a server that is killed leaves no helpers")
  func killed() async throws {
    let order = try order("echo $$ > $D/server; echo going; \(Self.serving)")
    let end = try await run(order) { _ in
      let text = try String(contentsOfFile: order.folder + "/server", encoding: .utf8)
      let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
      kill(pid, SIGKILL)
    }
    guard case .exited(let status, let log) = end else {
      Issue.record("\(end)")
      return
    }
    #expect(status == 137 && log.hasPrefix("going"), "\(end)")
  }

  @Test("a server that ends before it is ready tells the end of its log")
  func failedStart() async throws {
    let order = try order("echo first; echo 'the port 8001 is taken' >&2; exit 3")
    guard case .failedToStart(let message) = try await run(order) else {
      Issue.record("it did not fail")
      return
    }
    #expect(message.contains("status 3"))
    #expect(message.hasSuffix("first\nthe port 8001 is taken"))
  }

  @Test("a server that hangs in its start is ended")
  func hangs() async throws {
    let order = try order("echo loading; sleep 300") { $0.startTime = 1 }
    guard case .failedToStart(let message) = try await run(order) else {
      Issue.record("it did not fail")
      return
    }
    #expect(message.contains("not ready within 1.0 s") && message.hasSuffix("loading"))
  }

  @Test("shared memory of others stays, though its name begins with a short prefix")
  func shortPrefix() async throws {
    let name = "needle-\(UInt32.random(in: 0 ... .max))"
    try Data().write(to: URL(filePath: "/dev/shm/\(name)"))
    defer { try? FileManager.default.removeItem(atPath: "/dev/shm/\(name)") }
    var order = try order("exit 0")
    order.sharedMemoryPrefix = "needle-"
    _ = await ServerSupervisor(order: order).run(isReady: { false }, onReady: { _ in })
    #expect(FileManager.default.fileExists(atPath: "/dev/shm/\(name)"))
    try FileManager.default.removeItem(atPath: "/dev/shm/\(shared)-region")
  }
}

/// Processes told apart.
struct ProcessIdentityTests {
  @Test("a process is itself until it ends")
  func identity() async throws {
    let own = try #require(ProcessIdentity(pid: getpid()))
    #expect(own.isAlive && own == ProcessIdentity(pid: getpid()))
    let other = try #require(ProcessIdentity(pid: getppid()))
    #expect(other != own)
    let text = String(decoding: try JSONEncoder().encode(own), as: UTF8.self)
      .replacing("\"startTime\":\(own.startTime)", with: "\"startTime\":\(own.startTime + 1)")
    let later = try JSONDecoder().decode(ProcessIdentity.self, from: Data(text.utf8))
    #expect(!later.isAlive, "another start time is another process")
    #expect(ProcessIdentity(pid: -1) == nil)
  }
}

private final class Recorded: @unchecked Sendable {
  private let lock = NSLock()
  private var process: ProcessIdentity?
  var value: ProcessIdentity? { lock.withLock { process } }
  func set(_ process: ProcessIdentity) { lock.withLock { self.process = process } }
}
