import Glibc
import NativeLibraries

/// What the processor of this machine can do, as far as compiled packages ask for it.
struct ProcessorFeatures: Sendable {
  /// The names in the line `flags` (`Features` on Arm) of `/proc/cpuinfo`.
  var flags: Set<String>
  /// The machine's architecture, such as `x86_64`.
  var machine: String

  /// Those of this machine, without flags where they cannot be read.
  static let current: ProcessorFeatures = {
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

  /// What code for `instructionSets` (PyTorch's names, separated by spaces: `AVX512 AVX512_VNNI`)
  /// needs and this machine lacks, in the kernel's names.
  func missing(for instructionSets: String) -> [String] {
    if flags.isEmpty { return [] }
    let needed = instructionSets.split(separator: " ").flatMap { set -> [String] in
      switch set.uppercased() {
      case "AVX2": ["avx2", "fma"]
      case "AVX512": ["avx512f", "avx512dq", "avx512vl", "avx512bw", "fma"]
      case "AVX512_VNNI", "VNNI": ["avx512_vnni"]
      case "AVX512_BF16": ["avx512_bf16"]
      case "AMX_TILE", "AMX": ["amx_tile"]
      case "AMX_FP16": ["amx_fp16"]
      case "AVX10_2", "AVX10.2": ["avx10_2"]
      default: []
      }
    }
    var seen: Set<String> = []
    return needed.filter { !flags.contains($0) && seen.insert($0).inserted }
  }
}
