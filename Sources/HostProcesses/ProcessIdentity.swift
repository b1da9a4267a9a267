import FoundationEssentials

/// A process of this machine, told apart from a later one that has the same number.
package struct ProcessIdentity: Sendable, Hashable, Codable {
  package let pid: Int32
  /// When it started, in clock ticks since the machine did.
  package let startTime: UInt64

  package init(_ entry: ProcessTable.Entry) {
    pid = entry.pid
    startTime = entry.startTime
  }

  /// The process that has the number now; `nil` if there is none, or only its exit status is left.
  package init?(pid: Int32) {
    guard let entry = ProcessTable.entry(of: pid), !entry.hasEnded else { return nil }
    self.init(entry)
  }

  package var isAlive: Bool { ProcessIdentity(pid: pid) == self }
}

extension ProcessIdentity: LosslessStringConvertible {
  /// `PID-STARTTIME`, as the name of a file.
  package var description: String { "\(pid)-\(startTime)" }

  package init?(_ description: String) {
    let parts = description.split(separator: "-")
    guard parts.count == 2, let pid = Int32(parts[0]), let startTime = UInt64(parts[1]) else {
      return nil
    }
    self.pid = pid
    self.startTime = startTime
  }
}
