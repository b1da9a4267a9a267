/// The program and the system that it runs on.
struct ProgramCheck: Check {
  let key = "program"
  let name = "Program"
  let remedy = "Run it on Linux on x86-64 or ARM64"
  let version: String
  let host: @Sendable () -> HostFacts

  func run() async throws -> Finding {
    let host = self.host()
    let glibc = host.glibc ?? "unknown"
    return .ok(
      "needletail \(version) on \(host.system), \(host.processor), glibc \(glibc)",
      [
        "version": version, "system": host.system, "architecture": host.architecture,
        "processor": host.processor, "glibc": glibc,
      ])
  }
}

/// Processors and memory.
struct CapacityCheck: Check {
  let key = "capacity"
  let name = "Cores and memory"
  let remedy =
    "Give the machine or container more memory: a local Spark alone takes 2 GiB, a model its size and "
    + "that of its batches"
  let host: @Sendable () -> HostFacts

  /// With less than this Java and a model get into each other's way.
  private static let least: Int64 = 2 << 30

  func run() async throws -> Finding {
    let host = self.host()
    let cores = counted(host.cores, "core")
    guard let memory = host.memory else {
      return .ok("\(cores), memory unknown", ["cores": "\(host.cores)"])
    }
    let text = "\(cores), \(sizeText(memory)) of memory"
    let facts = ["cores": "\(host.cores)", "memory": "\(memory)"]
    return memory < Self.least ? .warn(text, facts) : .ok(text, facts)
  }
}
