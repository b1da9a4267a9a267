import Glibc

/// What a processor can do.
package struct ProcessorFeatures: Sendable {
  /// The names in the line `flags` (`Features` on Arm) of `/proc/cpuinfo`.
  package var flags: Set<String>
  /// The machine's architecture, such as `x86_64`.
  package var machine: String

  package init(flags: Set<String>, machine: String) {
    self.flags = flags
    self.machine = machine
  }

  /// Those of this machine, without flags where they cannot be read.
  package static let current: ProcessorFeatures = {
    var name = utsname()
    uname(&name)
    let machine = withUnsafeBytes(of: &name.machine) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return ProcessorFeatures(flags: readFlags(), machine: machine)
  }()

  private static func readFlags() -> Set<String> {
    // One processor's description is enough, and machines with hundreds have long files.
    let bytes = FileSystem.contents(of: "/proc/cpuinfo", limit: 1 << 16) ?? []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      guard text.hasPrefix("flags") || text.hasPrefix("Features"),
        let colon = text.firstIndex(of: ":")
      else { continue }
      return Set(text[text.index(after: colon)...].split(separator: " ").map(String.init))
    }
    return []
  }

  /// What each level of x86-64 has that the one before it lacks, in the kernel's names, from level 2 on.
  private static let levels: [Set<String>] = [
    ["cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"],
    ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"],
    ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
  ]

  /// The level of x86-64, from 1 to 4, by which compilers and systems call sets of instructions; `nil` for other
  /// architectures, and if it is unknown.
  package var x86Level: Int? {
    guard machine == "x86_64", !flags.isEmpty else { return nil }
    return 1 + Self.levels.prefix { $0.isSubset(of: flags) }.count
  }
}
