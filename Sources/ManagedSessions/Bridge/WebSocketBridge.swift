package import AccessTokens
import FoundationEssentials
import NIOCore
import NIOPosix
import Synchronization
package import Web

/// A door on this machine to a server that is reached by web sockets only: each connection to the door gets a
/// web socket of its own, with a token that is good then, and all bytes pass, both ways.
///
/// The door is a socket in a folder that nobody but this user may enter: on a port, everybody on the machine
/// could use this user's rights.
package final class WebSocketBridge: Sendable {
  /// Where a bridge leads, and what it needs.
  package struct Plan: Sendable {
    /// The address of the web socket, with the scheme of HTTP.
    package var address: WebAddress
    package var settings: WebSettings
    package var tokens: TokenCache
    package var limits = BridgeLimits()

    package init(address: WebAddress, settings: WebSettings, tokens: TokenCache) {
      self.address = address
      self.settings = settings
      self.tokens = tokens
    }
  }

  package let plan: Plan
  /// The path of the door.
  package let path: String

  private let folder: String
  private let door: any Channel
  private let record: BridgeRecord

  /// One thread for all bridges, which is there when the first one is.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  /// The longest path that the system takes for a socket.
  private static let longestPath = 100

  /// Opens a door.
  ///
  /// - Throws: the system's reason if no folder or socket can be made.
  package init(_ plan: Plan) async throws {
    let record = BridgeRecord()
    let folder = try Self.makeFolder()
    self.plan = plan
    self.folder = folder
    self.record = record
    path = "\(folder)/spark"
    do {
      door = try await ServerBootstrap(group: Self.group)
        .childChannelOption(.autoRead, value: false)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let end = LocalEnd()
            try channel.pipeline.syncOperations.addHandler(end)
            Self.open(plan, channel, NIOLoopBound(end, eventLoop: channel.eventLoop), record)
          }
        }
        .bind(unixDomainSocketPath: path).get()
    } catch {
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
  }

  /// Why the last connection has no web socket, or none any more; `nil` when it has one.
  package var failure: BridgeFailure? { record.failure }

  /// The last failure of the last minute, also when there was another web socket since: a call may hear of
  /// its end later than that.
  package var recentFailure: BridgeFailure? { record.recentFailure }

  /// How many web sockets there have been.
  package var count: Int { record.count }

  /// Closes the door. Web sockets end with the connections of the client.
  package func close() {
    door.close(promise: nil)
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// A folder for this user alone.
  private static func makeFolder() throws -> String {
    let name = "needletail-\(UUID().uuidString.prefix(13).lowercased())"
    var folder = FileManager.default.temporaryDirectory.appending(path: name).path
    if folder.utf8.count + "/spark".utf8.count > longestPath { folder = "/tmp/\(name)" }
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    return folder
  }

  // MARK: A connection

  private static func open(
    _ plan: Plan, _ client: any Channel, _ end: NIOLoopBound<LocalEnd>, _ record: BridgeRecord
  ) {
    Task {
      do throws(BridgeFailure) {
        try await dial(plan, client.eventLoop, end, record)
        record.opened()
      } catch {
        record.note(error)
        client.close(promise: nil)
      }
    }
  }

  /// Gets a web socket; with another token, if there is one, when the server refuses the first.
  private static func dial(
    _ plan: Plan, _ eventLoop: any EventLoop, _ end: NIOLoopBound<LocalEnd>, _ record: BridgeRecord
  ) async throws(BridgeFailure) {
    let token = try await token { try await plan.tokens.token() }
    do throws(BridgeFailure) {
      try await dial(plan, token, eventLoop, end, record)
    } catch {
      guard case .refused(status: 401, _) = error,
        let other = try await Self.token({ try await plan.tokens.token(insteadOf: token) })
      else { throw error }
      try await dial(plan, other, eventLoop, end, record)
    }
  }

  private static func dial(
    _ plan: Plan, _ token: AccessToken, _ eventLoop: any EventLoop,
    _ end: NIOLoopBound<LocalEnd>, _ record: BridgeRecord
  ) async throws(BridgeFailure) {
    do {
      try await eventLoop.flatSubmit {
        SocketDial(plan.address, plan.limits, end.value, on: eventLoop) { record.note($0) }
          .connect(WebClient(settings: plan.settings), token: token.value, on: eventLoop)
      }.get()
    } catch let failure as BridgeFailure {
      throw failure
    } catch {
      throw .unreachable(.lost(error))
    }
  }

  private static func token<Token>(
    _ ask: () async throws -> Token
  ) async throws(BridgeFailure) -> Token {
    do {
      return try await ask()
    } catch let error as TokenError {
      throw .noToken(error)
    } catch {
      throw .noToken(TokenError(.unavailable, "\(error)", cause: error))
    }
  }
}

/// What happened to a bridge's web sockets.
private final class BridgeRecord: Sendable {
  private struct State {
    var failure: BridgeFailure?
    var last: (failure: BridgeFailure, time: ContinuousClock.Instant)?
    var count = 0
  }

  private let state = Mutex(State())

  var failure: BridgeFailure? { state.withLock { $0.failure } }
  var count: Int { state.withLock { $0.count } }

  var recentFailure: BridgeFailure? {
    let last = state.withLock { $0.last }
    return last.flatMap { $0.time.duration(to: .now) < .seconds(60) ? $0.failure : nil }
  }

  func note(_ failure: BridgeFailure) {
    state.withLock {
      $0.failure = failure
      $0.last = (failure, .now)
    }
  }

  func opened() {
    state.withLock {
      $0.failure = nil
      $0.count += 1
    }
  }
}
