import NativeLibraries

extension ProcessorFeatures {
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
