import FoundationEssentials

/// The names of shared memory that a server leaves behind when it is killed.
package struct SharedMemoryFiles: Sendable {
  /// Where POSIX shared memory has its names on Linux (shm_overview(7)).
  package static let folder = "/dev/shm"
  /// A prefix shorter than this could be that of somebody else.
  private static let shortestPrefix = 12

  /// What the names of the server's own objects begin with, if that is known.
  package var prefix: String?
  /// The objects that the server's processes were seen to have mapped.
  private(set) var mapped: Set<String> = []

  package init(prefix: String?) { self.prefix = prefix }

  /// Looks at what the processes have mapped now.
  package mutating func note(_ processes: [ProcessTable.Entry]) {
    for process in processes { mapped.formUnion(ProcessTable.sharedMemory(of: process.pid)) }
  }

  /// Removes the names, once the processes have ended. Those that a living process has mapped, such as
  /// a client that shared its memory with the server, stay.
  package func remove() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
    var wanted = names.filter(mapped.contains)
    if let prefix, prefix.utf8.count >= Self.shortestPrefix {
      wanted += names.filter { $0.hasPrefix(prefix) }
    }
    if wanted.isEmpty { return }
    let used = ProcessTable.entries().reduce(into: Set<String>()) {
      $0.formUnion(ProcessTable.sharedMemory(of: $1.pid))
    }
    for name in wanted where !used.contains(name) {
      try? FileManager.default.removeItem(atPath: Self.folder + "/" + name)
    }
  }
}
