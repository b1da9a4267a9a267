import Foundation

/// A process of this machine, told apart from a later one that has the same number.
struct ProcessIdentity: Sendable, Hashable, Codable {
  let pid: Int32
  /// When it started, in clock ticks since the machine did.
  let startTime: UInt64

  /// The process that has the number now; `nil` if there is none, or only its exit status is left.
  init?(pid: Int32) {
    // proc(5): "pid (name) state ppid ... starttime ...", where the name may have any character.
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let nameEnd = status.lastIndex(of: ")")
    else { return nil }
    let fields = status[status.index(after: nameEnd)...].split(separator: " ")
    guard fields.count > 19, let startTime = UInt64(fields[19]), !["Z", "X"].contains(fields[0])
    else { return nil }
    self.pid = pid
    self.startTime = startTime
  }

  var isAlive: Bool { ProcessIdentity(pid: pid) == self }
}
