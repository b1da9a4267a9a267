import Foundation
import Synchronization
import Testing

@testable import HostProcesses
@testable import NodeServers

/// Servers that are shell scripts, without Spark: each must end for its reason, with all of its
/// processes and files.
@Suite(.timeLimit(.minutes(1)))
struct ServerSupervisorTests {
  /// A script that says where it is ready, with a helper in the background as Triton has stubs.
  private static let serving = "sleep 300 & echo $! > $D/helper; touch $D/ready; wait"

  private let folder: NodeServerFolder
  private let shared = "needletail-test-\(UUID().uuidString)"
  private var limits = ServerSupervisor.Limits()

  init() throws {
    let path = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    folder = NodeServerFolder(path: path)
    try folder.create()
    try Data("leftover".utf8).write(to: URL(filePath: "/dev/shm/\(shared)-region"))
    limits.exitTime = 1
    limits.startTime = 20
    limits.restarts = 0
    limits.livenessInterval = 0.1
    try folder.register(try #require(ProcessIdentity(pid: getpid())))
    try folder.lease.renew()
  }

  /// Runs a server that is `script`; `act` is called with its helper each time it is ready.
  private func run(
    _ script: String, _ limits: ServerSupervisor.Limits? = nil,
    _ act: @escaping @Sendable (_ helper: ProcessIdentity) throws -> Void = { _ in }
  ) async throws -> ServerSupervisor.End {
    defer { folder.remove() }
    let launch = ScriptLaunch(script: script, folder: folder.path, sharedMemoryPrefix: shared)
    let supervisor = ServerSupervisor(
      launch: launch, folder: folder, limits: limits ?? self.limits)
    let helpers = Mutex<[ProcessIdentity]>([])
    let started = ContinuousClock.now
    let end = await supervisor.run { change in
      guard case .ready = change else { return }
      let text = try String(contentsOfFile: folder.path + "/helper", encoding: .utf8)
      let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
      guard let identity = pid.flatMap(ProcessIdentity.init(pid:)) else { return }
      helpers.withLock { $0.append(identity) }
      try act(identity)
    }
    #expect(ContinuousClock.now - started < .seconds(30))
    // Nothing is left: neither processes nor files outside the folder.
    for process in helpers.withLock({ $0 }) {
      #expect(!process.isAlive, "the server's helper lives on")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!files.contains { $0.hasPrefix("w") }, "\(files)")
    #expect(!FileManager.default.fileExists(atPath: "/dev/shm/\(shared)-region"))
    return end
  }

  @Test("a stop by the lease")
  func stop() async throws {
    let end = try await run(Self.serving) { [folder] _ in try folder.lease.stop() }
    #expect(end == .stopped)
  }

  @Test("a server that ignores SIGTERM is killed with its helpers")
  func stubborn() async throws {
    let end = try await run("trap '' TERM; \(Self.serving)") { [folder] _ in
      try folder.lease.stop()
    }
    #expect(end == .stopped)
  }

  @Test("a server is asked to end by the signal that it wants")
  func stopSignal() async throws {
    let mark = folder.path + "-asked"
    defer { try? FileManager.default.removeItem(atPath: mark) }
    let end = try await run("trap 'touch \(mark); exit' USR1; \(Self.serving)") { [folder] _ in
      try folder.lease.stop()
    }
    #expect(end == .stopped)
    #expect(FileManager.default.fileExists(atPath: mark), "it was not asked by SIGUSR1")
  }

  @Test("a lease that nobody renews")
  func lease() async throws {
    var limits = limits
    limits.leaseTime = 2
    let started = ContinuousClock.now
    // Renewed once, a second on, it lasts that much longer.
    let end = try await run(Self.serving, limits) { [folder] _ in
      Thread.sleep(forTimeInterval: 1)
      try folder.lease.renew()
    }
    #expect(end == .leaseExpired)
    #expect(ContinuousClock.now - started > .seconds(3))
  }

  @Test("the processes that it is for are killed, one after the other")
  func abandoned() async throws {
    let executors = try (0..<2).map { _ in
      let executor = Process()
      executor.executableURL = URL(filePath: "/bin/sleep")
      executor.arguments = ["300"]
      try executor.run()
      return executor
    }
    defer { for executor in executors { kill(executor.processIdentifier, SIGKILL) } }
    let own = try #require(ProcessIdentity(pid: getpid()))
    try FileManager.default.removeItem(atPath: folder.path + "/users/\(own)")
    let identities = try executors.map {
      try #require(ProcessIdentity(pid: $0.processIdentifier))
    }
    for identity in identities { try folder.register(identity) }
    kill(identities[0].pid, SIGKILL)
    let end = try await run(Self.serving) { _ in kill(identities[1].pid, SIGKILL) }
    #expect(end == .abandoned)
  }

  @Test("a server that is killed leaves no helpers, and is started again")
  func killed() async throws {
    var limits = limits
    limits.restarts = 1
    let starts = Mutex(0)
    let end = try await run("echo $$ > $D/server; echo going; \(Self.serving)", limits) {
      [folder] _ in
      starts.withLock { $0 += 1 }
      let text = try String(contentsOfFile: folder.path + "/server", encoding: .utf8)
      kill(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1, SIGKILL)
    }
    guard case .failed(let message) = end else {
      Issue.record("\(end)")
      return
    }
    #expect(starts.withLock { $0 } == 2)
    #expect(message.contains("status 137") && message.contains("started 2 times"), "\(message)")
    #expect(message.contains("going"))
  }

  @Test("a server that no longer answers is killed and started again")
  func hangs() async throws {
    var limits = limits
    limits.restarts = 1
    let starts = Mutex(0)
    let end = try await run("rm -f $D/hangs; \(Self.serving)", limits) { [folder] _ in
      let number = starts.withLock { starts in
        starts += 1
        return starts
      }
      if number == 1 {
        try Data().write(to: URL(filePath: folder.path + "/hangs"))
      } else {
        try folder.lease.stop()
      }
    }
    #expect(end == .stopped)
    #expect(starts.withLock { $0 } == 2)
  }

  @Test("a server that ends before it is ready tells the end of its log")
  func failedStart() async throws {
    let end = try await run("echo first; echo 'the port 8001 is taken' >&2; exit 3")
    guard case .failed(let message) = end else {
      Issue.record("\(end)")
      return
    }
    #expect(message.contains("status 3"))
    #expect(message.hasSuffix("first\nthe port 8001 is taken"))
  }

  @Test("a start that failed for a passing reason is tried again")
  func anotherTry() async throws {
    let end = try await run(
      "test -e $D/second || { touch $D/second; echo 'try again'; exit 1; }; \(Self.serving)"
    ) { [folder] _ in try folder.lease.stop() }
    #expect(end == .stopped)
  }

  @Test("a server that hangs in its start is ended")
  func hangsInStart() async throws {
    var limits = limits
    limits.startTime = 1
    guard case .failed(let message) = try await run("echo loading; sleep 300", limits) else {
      Issue.record("it did not fail")
      return
    }
    #expect(message.contains("not ready within 1.0 s") && message.hasSuffix("loading"))
  }

  @Test("shared memory of others stays, though its name begins with a short prefix")
  func shortPrefix() throws {
    let name = "needle-\(UInt32.random(in: 0 ... .max))"
    try Data().write(to: URL(filePath: "/dev/shm/\(name)"))
    defer { try? FileManager.default.removeItem(atPath: "/dev/shm/\(name)") }
    SharedMemoryFiles(prefix: "needle-").remove()
    #expect(FileManager.default.fileExists(atPath: "/dev/shm/\(name)"))
    SharedMemoryFiles(prefix: shared).remove()
    folder.remove()
    #expect(!FileManager.default.fileExists(atPath: "/dev/shm/\(shared)-region"))
  }
}

/// A shell script as a server: ready when it has made `ready`, live until there is a file `hangs`.
private struct ScriptLaunch: ServerLaunch {
  let script: String
  let folder: String
  let sharedMemoryPrefix: String

  func command(in workspace: String) throws -> ServerCommand {
    try? FileManager.default.removeItem(atPath: folder + "/ready")
    return ServerCommand(
      arguments: ["/bin/sh", "-c", script],
      environment: ["D": folder, "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""],
      sharedMemoryPrefix: sharedMemoryPrefix,
      stopSignal: script.contains("USR1") ? SIGUSR1 : SIGTERM)
  }

  func addresses(
    in workspace: String, of processes: [ProcessTable.Entry]
  ) throws -> ServerAddresses? {
    FileManager.default.fileExists(atPath: folder + "/ready")
      ? ServerAddresses(http: "127.0.0.1:1") : nil
  }

  func isReady(_ addresses: ServerAddresses) async -> Bool { true }

  func isLive(_ addresses: ServerAddresses) async -> Bool {
    !FileManager.default.fileExists(atPath: folder + "/hangs")
  }

  func isWorthAnotherTry(log: String) -> Bool { log.contains("try again") }
}

/// Processes told apart.
struct ProcessIdentityTests {
  @Test("a process is itself until it ends")
  func identity() async throws {
    let own = try #require(ProcessIdentity(pid: getpid()))
    #expect(own.isAlive && own == ProcessIdentity(pid: getpid()))
    let other = try #require(ProcessIdentity(pid: getppid()))
    #expect(other != own)
    #expect(ProcessIdentity("\(own)") == own)
    let later = try #require(ProcessIdentity("\(own.pid)-\(own.startTime + 1)"))
    #expect(!later.isAlive, "another start time is another process")
    #expect(ProcessIdentity(pid: -1) == nil)
    for text in ["", "1", "1-", "a-1", "1-2-3"] { #expect(ProcessIdentity(text) == nil) }
  }
}
