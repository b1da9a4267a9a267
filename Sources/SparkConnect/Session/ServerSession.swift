import FoundationEssentials
import GRPCCore
import Synchronization

/// Which session of the server a client speaks with.
///
/// A server that was started again, or has let the session expire, would open an empty session under
/// the same id without a word: settings at their defaults, no views, no files. So each answer's id is
/// compared with the first one, each request sends it, and once the session is lost it stays lost. Only a
/// session in which nothing was set or sent, so that nothing is lost with it, is opened again under another
/// name.
final class ServerSession: Sendable {
  private struct State {
    var name: String
    var id: String?
    var loss: SparkError?
    /// Whether the session has settings, views, files or functions of the client.
    var holdsAnything = false
  }

  private let state: Mutex<State>
  private let mayReopen: Bool

  /// - Parameter name: the id that the client has chosen for it; `nil` for one of its own, which may
  ///   change.
  init(name: String?) {
    state = Mutex(State(name: (name ?? UUID().uuidString).lowercased()))
    mayReopen = name == nil
  }

  /// The id by which the client calls its session.
  var name: String { state.withLock { $0.name } }

  /// Notes that something was set in the session or sent to it, which would be lost with it.
  func holdsSomething() { state.withLock { $0.holdsAnything = true } }

  /// Whether a request to the session called `name`, which has failed with `error`, can go to a new
  /// session: the old one is lost, and nothing with it.
  func reopens(after error: any Error, of name: String) -> Bool {
    guard (error as? SparkError)?.kind == .session else { return false }
    return state.withLock { state in
      // Another request was faster.
      if state.name != name { return true }
      guard mayReopen, !state.holdsAnything, state.loss == nil else { return false }
      state.name = UUID().uuidString.lowercased()
      state.id = nil
      return true
    }
  }

  /// The id that the server gave its session; `nil` before its first answer and from servers that
  /// tell none.
  var id: String? { state.withLock { $0.id } }

  /// Why the session is lost, if it is.
  var loss: SparkError? { state.withLock { $0.loss } }

  /// Takes note of the session that has answered.
  ///
  /// - Throws: ``SparkError`` if it is another one than before.
  func observe(_ answered: String, of target: ConnectionString) throws {
    try state.withLock { state in
      if let loss = state.loss { throw loss }
      if answered.isEmpty { return }
      guard let known = state.id else {
        state.id = answered
        return
      }
      if known != answered {
        let loss = SessionLoss.changed.error(target)
        state.loss = loss
        throw loss
      }
    }
  }

  /// Remembers that the session is lost, with what was in it.
  func lose(_ loss: SparkError) {
    state.withLock { state in
      if mayReopen, !state.holdsAnything { return }
      state.loss = state.loss ?? loss
    }
  }
}

/// The ways in which a session gets lost, by Spark's conditions.
enum SessionLoss: String, CaseIterable {
  /// The server was started again; it knows the session's id, but not the session.
  case changed = "INVALID_HANDLE.SESSION_CHANGED"
  /// The session expired, or was ended by somebody.
  case closed = "INVALID_HANDLE.SESSION_CLOSED"
  case notFound = "INVALID_HANDLE.SESSION_NOT_FOUND"

  /// The loss that an error of the server tells.
  init?(_ error: SparkError) {
    let found = Self.allCases.first {
      error.condition == $0.rawValue || error.message.contains("[\($0.rawValue)]")
    }
    guard let found else { return nil }
    self = found
  }

  /// - Parameter cause: what the server said.
  func error(_ target: ConnectionString, cause: SparkError? = nil) -> SparkError {
    let what =
      switch self {
      case .changed, .notFound:
        "the session is lost: the Spark Connect server at \(target.host):\(target.port) was started "
          + "again, or another server answers there, and it does not know the session any more"
      case .closed:
        "the session has expired on the Spark Connect server at \(target.host):\(target.port), or "
          + "somebody ended it: a server ends sessions that have not been used for a while, by default "
          + "an hour"
      }
    let advice =
      switch self {
      case .changed, .notFound: ""
      case .closed:
        ". To keep a session that pauses, let the server wait longer (its setting "
          + "spark.connect.session.manager.defaultSessionTimeout, such as 8h), or use the session "
          + "within that time, with spark.range(1).count() for instance"
      }
    var error = cause ?? SparkError(.session, "", condition: rawValue)
    error.kind = .session
    error.message =
      "\(what). Its settings, temporary views, cached tables and the files and functions that were sent "
      + "to it are gone. Open a new session (SparkSession.connect, or run the program again), and "
      + "make them again\(advice)"
    return error
  }
}
