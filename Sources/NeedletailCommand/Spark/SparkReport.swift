import FoundationEssentials
import Needletail

/// What is told of a cluster on this machine.
struct SparkReport {
  let status: ClusterStatus

  init(_ status: ClusterStatus) { self.status = status }

  private var record: ClusterRecord { status.record }

  static let none = "no Spark runs here; needletail spark start starts one\n"
  static let jsonOfNone = #"{"processes":[],"state":"stopped"}"#

  // MARK: Texts

  /// What is said of one that has just started.
  var greeting: String {
    let loss = "its tables end with it: it has no Hive, which would keep their names\n"
    return "\(summary)\n\(record.tables == nil ? loss : "")\(use)"
  }

  /// Why none is started.
  var refusal: String {
    let ended = status.ended.isEmpty ? "" : "; ended: \(status.ended.joined(separator: ", "))"
    return "a Spark runs here already\(ended). To have another one: needletail spark stop\n"
      + greeting
  }

  var text: String {
    let lines = record.processes.map { process in
      let isRunning = status.running.contains(process.role)
      var parts = [
        Self.padded(process.role, 9), isRunning ? "runs " : "ended",
        "pid \(process.identity.pid)", process.address ?? "",
      ]
      if let page = process.webUI { parts.append("page \(page)") }
      parts.append("log \(process.log)")
      return parts.filter { !$0.isEmpty }.joined(separator: "  ")
    }
    let head =
      switch status.state {
      case .running: summary + "\n"
      case .starting:
        "Spark is being started, or that was broken off: needletail spark stop ends what there is of it\n"
      case .incomplete:
        "ended: \(status.ended.joined(separator: ", ")); needletail spark stop, then start, has all again\n"
      case .stopped: Self.none
      }
    return head + lines.map { $0 + "\n" }.joined() + (status.isServing ? use : "")
  }

  /// `Spark 4.3.0 runs here: 2 workers, each with 1 core and 1024 MiB`
  private var summary: String {
    let version = record.version.map { " \($0)" } ?? ""
    var each = ["\(Self.count(record.cores, "core"))", "\(record.memory) MiB"]
    if record.gpus > 0 { each.append(Self.count(record.gpus, "GPU")) }
    let listed = each.dropLast().joined(separator: ", ") + " and " + (each.last ?? "")
    return "Spark\(version) runs here: \(Self.count(record.workers, "worker"))"
      + (record.workers == 1 ? " with " : ", each with ") + listed
  }

  /// How it is used, and ended.
  private var use: String {
    guard let remote = record.remote else { return "" }
    return """
      use it:   --remote '\(remote)'
      or:       export SPARK_REMOTE='\(remote)'
      stop it:  needletail spark stop

      """
  }

  /// What is said when it was stopped.
  static func text(_ stop: LocalCluster.Stop) -> String {
    let state = stop.wasThere ? "Spark is stopped" : "no Spark was running here"
    if stop.hasRemovedTables { return state + "; its tables are removed" }
    guard let tables = stop.tables else { return state }
    return """
      \(state)
      its tables stay for the next one, in \(tables.path) (\(listed(tables.entries)))
      remove them:  needletail spark stop --remove-tables
      """
  }

  /// The first names of some.
  private static func listed(_ names: [String]) -> String {
    let most = 5
    return names.prefix(most).joined(separator: ", ")
      + (names.count > most ? " and \(names.count - most) more" : "")
  }

  private static func count(_ number: Int, _ what: String) -> String {
    "\(number) \(what)\(number == 1 ? "" : "s")"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  // MARK: JSON

  private struct Contents: Encodable {
    struct Process: Encodable {
      var role: String
      var pid: Int32
      var isRunning: Bool
      var address: String?
      var webUI: String?
      var log: String
    }

    var state: ClusterStatus.State
    var remote: String?
    var version: String?
    var home: String
    var java: String
    var folder: String
    var tables: String?
    var workers: Int
    var cores: Int
    var memoryMiB: Int
    var gpus: Int
    var processes: [Process]
  }

  func json() throws -> String {
    let contents = Contents(
      state: status.state, remote: status.isServing ? record.remote : nil,
      version: record.version, home: record.home, java: record.java,
      folder: LocalCluster.folder, tables: record.tables, workers: record.workers,
      cores: record.cores,
      memoryMiB: record.memory, gpus: record.gpus,
      processes: record.processes.map { process in
        Contents.Process(
          role: process.role, pid: process.identity.pid,
          isRunning: status.running.contains(process.role), address: process.address,
          webUI: process.webUI, log: process.log)
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(contents), as: UTF8.self)
  }
}
