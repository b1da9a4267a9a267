import Testing

@testable import HostProcesses

/// The memory of a process is the machine's, or a container's limit below it.
struct MachineMemoryTests {
  private static let machine = "MemTotal:       16384 kB\nMemFree:        1 kB\n"

  @Test(
    arguments: [
      ([:], nil), (["/proc/meminfo": machine], 16 << 20),
      (["/proc/meminfo": machine, "/sys/fs/cgroup/memory.max": "max\n"], 16 << 20),
      (["/proc/meminfo": machine, "/sys/fs/cgroup/memory.max": "1048576\n"], 1 << 20),
      (
        [
          "/proc/meminfo": machine,
          "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        ], 16 << 20
      ),
    ] as [([String: String], Int64?)])
  func memory(_ files: [String: String], _ bytes: Int64?) {
    #expect(Machine.leastMemory { files[$0] } == bytes)
  }
}
