extension Machine {
  /// The bytes of memory that this process may use: the machine's, or fewer in a container with a
  /// limit; `nil` if the system does not tell.
  package static let availableMemory: Int64? = leastMemory(read: ProcFile.text)

  /// The machine's memory, or a limit below it.
  static func leastMemory(read: (String) -> String?) -> Int64? {
    var amounts: [Int64] = []
    let line = read("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
    if let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int64($0) }) {
      amounts.append(kilobytes * 1024)
    }
    // Version 2 says "max" without a limit, version 1 a number beyond any machine's memory.
    for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
      if let limit = read(path)?.split(separator: "\n").first.flatMap({ Int64($0) }), limit > 0 {
        amounts.append(limit)
      }
    }
    return amounts.min()
  }
}
