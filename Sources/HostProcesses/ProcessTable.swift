import FoundationEssentials

/// What `/proc` tells of this machine's processes (proc(5)).
package enum ProcessTable {
  package struct Entry: Sendable, Hashable {
    package var pid: Int32
    package var parent: Int32
    package var group: Int32
    /// The name of the program's file, 15 bytes at most.
    package var name: String
    /// When it started, in clock ticks since the machine did.
    package var startTime: UInt64
    /// Whether only its exit status is left.
    package var hasEnded: Bool
  }

  /// `nil` if there is no such process.
  package static func entry(of pid: Int32) -> Entry? {
    // "pid (name) state ppid pgrp ... starttime ...", where the name may have any character.
    guard let status = ProcFile.text("/proc/\(pid)/stat"),
      let nameStart = status.firstIndex(of: "("), let nameEnd = status.lastIndex(of: ")")
    else { return nil }
    let fields = status[status.index(after: nameEnd)...].split(separator: " ")
    guard fields.count > 19, let parent = Int32(fields[1]), let group = Int32(fields[2]),
      let startTime = UInt64(fields[19])
    else { return nil }
    return Entry(
      pid: pid, parent: parent, group: group,
      name: String(status[status.index(after: nameStart)..<nameEnd]), startTime: startTime,
      hasEnded: ["Z", "X"].contains(fields[0]))
  }

  /// All processes that can be seen.
  package static func entries() -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0).flatMap(entry(of:)) }
  }

  /// The processes of the group `group`, and all that descend from its members, which may have left
  /// it.
  package static func members(ofGroup group: Int32) -> [Entry] {
    let entries = entries()
    return withDescendants(of: Set(entries.filter { $0.group == group }.map(\.pid)), in: entries)
  }

  /// The processes that `pid` has started, and those that they have, itself left out.
  package static func descendants(of pid: Int32) -> [Entry] {
    withDescendants(of: [pid], in: entries()).filter { $0.pid != pid }
  }

  private static func withDescendants(of roots: Set<Int32>, in entries: [Entry]) -> [Entry] {
    var known = roots
    var grows = true
    while grows {
      grows = false
      for entry in entries where known.contains(entry.parent) {
        if known.insert(entry.pid).inserted { grows = true }
      }
    }
    return entries.filter { known.contains($0.pid) && !$0.hasEnded }
  }

  /// The objects of shared memory that a process has mapped, by their names in `/dev/shm`.
  package static func sharedMemory(of pid: Int32) -> Set<String> {
    // "start-end permissions offset device inode    path"
    let maps = ProcFile.text("/proc/\(pid)/maps") ?? ""
    let folder = SharedMemoryFiles.folder + "/"
    return Set(
      maps.split(separator: "\n").compactMap { line in
        guard let start = line.firstRange(of: folder) else { return nil }
        let name = String(line[start.upperBound...])
        return name.hasSuffix(" (deleted)") ? nil : name
      })
  }

  /// The words with which a process was started.
  package static func commandLine(of pid: Int32) -> [String] {
    let bytes = ProcFile.data("/proc/\(pid)/cmdline") ?? Data()
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
