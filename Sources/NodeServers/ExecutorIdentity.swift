import FoundationEssentials
import Glibc
import HostProcesses

/// The executor that this process works for: the Java process that started it.
struct ExecutorIdentity: Sendable, Hashable, Codable {
  /// Spark's id of the executor; `driver` where a local Spark computes in its own process.
  var id: String
  var host: String
  /// Cores for tasks, if the executor was told.
  var cores: Int?
  var process: ProcessIdentity
  /// Tells machines, and containers on one machine, apart.
  var machine: String

  /// Tells executors apart, also one from another that has its id later.
  var key: String { "\(machine)-\(process)" }

  /// The executor of this process, which is a worker.
  ///
  /// - Throws: ``NeedletailError`` if `/proc` does not tell.
  static func current() throws -> ExecutorIdentity {
    guard let process = executorProcess() else {
      throw NeedletailError(
        .nodeServers, "the process of this executor was not found: is /proc mounted?")
    }
    let words = ProcessTable.commandLine(of: process.pid)
    func option(_ name: String) -> String? {
      words.firstIndex(of: name).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
    }
    return ExecutorIdentity(
      id: option("--executor-id") ?? "driver", host: Machine.hostName,
      cores: option("--cores").flatMap { Int($0) }, process: ProcessIdentity(process),
      machine: machine)
  }

  /// The nearest Java process above this one; whoever started this one if there is none.
  private static func executorProcess() -> ProcessTable.Entry? {
    // A program beside Spark's own Python has other parents as time goes, and was told.
    let told = ProcessInfo.processInfo.environment["NEEDLETAIL_EXECUTOR_PID"].flatMap(Int32.init)
    if let told, told > 1, let entry = ProcessTable.entry(of: told) { return entry }
    let parent = ProcessTable.entry(of: getppid())
    var entry = parent
    while let candidate = entry {
      if candidate.name == "java" { return candidate }
      entry = candidate.parent > 0 ? ProcessTable.entry(of: candidate.parent) : nil
    }
    return parent
  }

  /// The boot of the machine, and the namespace in which process ids count.
  private static var machine: String {
    let space =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    return Machine.identity.filter(\.isHexDigit).prefix(12) + space.filter(\.isNumber)
  }
}

extension ExecutorIdentity: CustomStringConvertible {
  var description: String { "executor \(id) on \(host)" }
}
