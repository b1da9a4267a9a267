import Dispatch
import FoundationEssentials
import Glibc
import HostProcesses
import NativeLibraries
import Synchronization
import Texts

/// The part of a program that keeps a server beside an executor: a process of its own, which the
/// executor's worker starts.
package enum SupervisorMode {
  /// The first argument of such a process; the server's folder follows.
  static let argument = "--needletail-supervise"

  /// If this process was started to supervise a server, or to be one, does that and never returns.
  package static func enterIfAsked() {
    let words = CommandLine.arguments
    guard words.count == 3 else { return }
    switch words[1] {
    case argument: run { await supervise(NodeServerFolder(path: words[2])) }
    case NeedletailLaunch.argument: run { await serve(words[2]) }
    default: return
    }
  }

  /// Runs `body`, whose result is the exit status, on other threads than this one.
  private static func run(_ body: @escaping @Sendable () async -> Int32) -> Never {
    signal(SIGPIPE, SIG_IGN)
    Task.detached { exit(await body()) }
    while true { pause() }
  }

  private static func serve(_ workspace: String) async -> Int32 {
    do {
      try await NeedletailLaunch.serve(workspace)
      return 0
    } catch {
      FileSystem.write("\(error.reasonWithPath)\n", to: STDERR_FILENO)
      return 1
    }
  }

  private static func supervise(_ folder: NodeServerFolder) async -> Int32 {
    adoptOrphans()
    guard let order: NodeServerOrder = folder.order(),
      let identity = ProcessIdentity(pid: getpid())
    else { return 1 }
    var supervisor = ServerSupervisor(
      launch: NodeServerBackend.launch(order), folder: folder, limits: order.limits)
    supervisor.ownsDescendants = true
    // SIGTERM, as a machine sends it when it shuts down, ends the server in good order.
    let signals = TerminationSignal { try? folder.lease.stop() }
    defer { withExtendedLifetime(signals) {} }
    let end = await supervisor.run { change in
      switch change {
      case .starting: try folder.write(.init(phase: .starting, supervisor: identity))
      case .ready(let addresses):
        try folder.write(.init(phase: .ready, supervisor: identity, addresses: addresses))
      }
    }
    log("ended: \(end)")
    if case .failed(let message) = end {
      try? folder.write(.init(phase: .failed, supervisor: identity, message: message))
      // Tasks must be able to read why, until nobody asks any more.
      while folder.lease.state(after: order.limits.leaseTime) == .valid,
        folder.users().contains(where: \.isAlive)
      {
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
    folder.remove()
    return 0
  }

  /// Makes processes whose parents have ended children of this one, so that none gets away.
  private static func adoptOrphans() {
    // prctl is variadic, which Swift cannot call; all its arguments are words.
    typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    guard let symbol = dlsym(nil, "prctl") else { return }
    let setChildSubreaper: Int32 = 36
    _ = unsafeBitCast(symbol, to: Control.self)(setChildSubreaper, 1, 0, 0, 0)
  }

  private static func log(_ text: String) {
    FileSystem.write("needletail supervisor: \(text)\n", to: STDERR_FILENO)
  }

  /// Starts a process that supervises the server of `folder`. It outlives this one.
  ///
  /// - Throws: ``NeedletailError`` if it cannot be started.
  static func start(_ folder: NodeServerFolder) throws {
    let program = try ProcFile.programPath()
    do throws(Shell.Failure) {
      try Shell.detach(
        [program, argument, folder.path], environment: ProcessInfo.processInfo.environment,
        log: folder.supervisorLog)
    } catch {
      throw NeedletailError(
        .nodeServers, "the supervisor of a server could not be started: \(error)", cause: error)
    }
  }
}

/// Calls a handler on SIGTERM and SIGINT, instead of ending the process.
final class TerminationSignal: @unchecked Sendable {
  // Dispatch sources are safe to use from any thread; the type does not say so.
  private let sources: [any DispatchSourceSignal]

  init(_ handler: @escaping @Sendable () -> Void) {
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { handler() }
      source.activate()
      return source
    }
  }

  deinit { for source in sources { source.cancel() } }
}
