import NativeLibraries
import Synchronization

/// The machine's processors and memory, for the metrics that Triton has of them.
final class SystemUsage: Sendable {
  private struct Ticks {
    var busy: UInt64 = 0
    var total: UInt64 = 0
  }

  private let last = Mutex(Ticks())

  init() { _ = utilization() }

  /// The fraction of all processors' time since the last call that was not idle; 0 if unknown.
  func utilization() -> Double {
    let fields = Self.read("/proc/stat").prefix { $0 != "\n" }.split(separator: " ").dropFirst()
      .compactMap { UInt64($0) }
    guard fields.count >= 5 else { return 0 }
    let total = fields.prefix(8).reduce(0, &+)
    let now = Ticks(busy: total &- fields[3] &- fields[4], total: total)
    return last.withLock { last in
      defer { last = now }
      guard now.total > last.total, now.busy >= last.busy else { return 0 }
      return Double(now.busy - last.busy) / Double(now.total - last.total)
    }
  }

  /// The bytes of memory of the machine, and of it in use.
  func memory() -> (total: UInt64, used: UInt64) {
    var total: UInt64 = 0
    var available: UInt64 = 0
    for line in Self.read("/proc/meminfo").split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count >= 2, let kilobytes = UInt64(parts[1]) else { continue }
      if parts[0] == "MemTotal:" { total = kilobytes * 1024 }
      if parts[0] == "MemAvailable:" { available = kilobytes * 1024 }
    }
    return (total, total >= available ? total - available : 0)
  }

  private static func read(_ path: String) -> String {
    String(decoding: FileSystem.contents(of: path, limit: 8192) ?? [], as: UTF8.self)
  }
}
