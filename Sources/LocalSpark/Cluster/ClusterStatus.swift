/// How the cluster that was started on this machine does.
package struct ClusterStatus: Sendable {
  package enum State: String, Sendable, Codable {
    /// All of its processes run.
    case running
    /// It is being started, or was when that was broken off.
    case starting
    /// Some of its processes have ended.
    case incomplete
    /// None runs.
    case stopped
  }

  package var state: State
  package var record: ClusterRecord
  /// Those of the record's processes that run, by their roles.
  package var running: Set<String>

  init(_ record: ClusterRecord) {
    self.record = record
    running = Set(record.processes.filter(record.isAlive).map(\.role))
    state =
      if running.isEmpty, record.phase == .ready || !record.processes.isEmpty {
        .stopped
      } else if record.phase == .starting {
        .starting
      } else {
        running.count == record.processes.count ? .running : .incomplete
      }
  }

  /// Whether clients can be served: the server needs the master only as workers come and go.
  package var isServing: Bool { record.phase == .ready && running.contains(ClusterRole.connect) }

  /// The roles of the processes that have ended.
  package var ended: [String] {
    record.processes.map(\.role).filter { !running.contains($0) }
  }
}

/// What a process of a cluster is for.
enum ClusterRole {
  static let master = "master"
  static let connect = "connect"

  static func worker(_ number: Int) -> String { "worker-\(number)" }

  /// The role in words.
  static func title(_ role: String) -> String {
    role == connect ? "Connect server" : role.replacing("-", with: " ")
  }
}
