import FoundationEssentials
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization

extension SparkSession {
  /// A session of its own with all that this one has now: settings, temporary views, registered functions,
  /// files. What is changed in one of them later does not concern the other.
  ///
  /// Needs a server of Spark 4.1 or later. Stop both.
  ///
  /// - Throws: ``SparkError`` if the server cannot, refuses, or is lost; `CancellationError` when the
  ///   task is cancelled.
  public func cloneSession() async throws -> SparkSession {
    guard majorMinorVersion >= (4, 1) else {
      throw SparkError(
        .invalidArgument,
        "sessions are cloned by Spark 4.1 and later, and the server at \(serverAddress) is Spark "
          + "\(version); open a new session, and make settings, views and functions there again")
    }
    let name = UUID().uuidString.lowercased()
    let answer = try await connection.answer {
      $0.newSessionID = name
    } to: {
      try await $0.cloneSession($1, metadata: $2, options: $3)
    }
    var target = connection.target
    target.sessionID = answer.newSessionID.isEmpty ? name : answer.newSessionID
    let clone = SparkSession(
      version: version,
      connection: try await connection.another(to: target))
    let (state, scan) = (state.withLock { $0 }, scanState.withLock { $0 })
    clone.state.withLock {
      $0.tags = state.tags
      $0.executionMode = state.executionMode
      $0.isOfThisProcess = state.isOfThisProcess
      // Numbers of plans stay apart in what both have, such as kept rows.
      $0.nextPlanID = state.nextPlanID
    }
    clone.scanState.withLock {
      $0.choice = scan.choice
      $0.planner = scan.planner
      $0.kept = scan.kept
    }
    clone.connection.serverSession.holdsSomething()
    state.cloning?(clone)
    return clone
  }

  /// Sets what makes a clone of this session able to run functions.
  package func prepareClones(with preparation: @escaping @Sendable (SparkSession) -> Void) {
    state.withLock { $0.cloning = preparation }
  }
}
