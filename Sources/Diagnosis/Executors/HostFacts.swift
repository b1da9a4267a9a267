import Glibc
import HostProcesses
import NativeLibraries

/// What a process sees of the machine that it runs on.
struct HostFacts: Codable, Sendable, Hashable {
  /// The system's name: `Debian GNU/Linux 12 (bookworm)`.
  var system: String
  var architecture: String
  /// The level of x86-64 of the processor; `nil` for other architectures.
  var level: Int?
  /// The version of glibc.
  var glibc: String?
  var cores: Int
  /// Bytes.
  var memory: Int64?
  var gpus: GPUFacts

  static func here() -> HostFacts {
    HostFacts(
      system: systemName(ProcFile.text("/etc/os-release") ?? "") ?? "Linux",
      architecture: architecture, level: ProcessorFeatures.current.x86Level, glibc: glibcVersion(),
      cores: Machine.availableCores,
      memory: Machine.availableMemory, gpus: .here())
  }

  /// As compilers and systems call it: `x86-64-v3`, where the level is known.
  var processor: String { level.map { "x86-64-v\($0)" } ?? architecture }

  /// The name in the text of `/etc/os-release`.
  static func systemName(_ text: String) -> String? {
    let prefix = "PRETTY_NAME="
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else {
      return nil
    }
    let name = line.dropFirst(prefix.count).filter { $0 != "\"" }
    return name.isEmpty ? nil : String(name)
  }

  private static var architecture: String {
    #if arch(x86_64)
    "x86_64"
    #elseif arch(arm64)
    "aarch64"
    #else
    "unknown"
    #endif
  }

  /// glibc's own function, which Swift's headers do not show.
  private static func glibcVersion() -> String? {
    guard let address = dlsym(nil, "gnu_get_libc_version") else { return nil }
    let version = unsafeBitCast(address, to: (@convention(c) () -> UnsafePointer<CChar>?).self)
    return version().map { String(cString: $0) }
  }
}
