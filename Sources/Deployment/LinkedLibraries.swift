import FoundationEssentials
import NativeLibraries

/// The names of the shared libraries that an ELF file is linked with: the `DT_NEEDED` entries of its
/// dynamic section (System V ABI, chapter 5).
enum LinkedLibraries {
  private static let neededTag: UInt64 = 1
  private static let stringTableTag: UInt64 = 5

  /// `nil` for files that are no 64-bit little-endian ELF, or that tell nothing of it.
  static func names(of file: Data) -> [String]? {
    guard let image = ELFImage(file) else { return nil }
    guard let dynamic = image.segments.last(where: { $0.kind == .dynamic }) else { return [] }
    var needed: [Int] = []
    var strings: Int?
    for entry in stride(from: dynamic.offset, to: dynamic.offset + dynamic.byteCount, by: 16) {
      guard let tag: UInt64 = image.number(entry), let number: UInt64 = image.number(entry + 8),
        let value = Int(exactly: number)
      else { break }
      if tag == neededTag { needed.append(value) }
      // The table's address in memory, which a segment maps to the file.
      if tag == stringTableTag {
        let segment = image.segments.first {
          $0.kind == .load && value >= $0.address && value - $0.address < $0.byteCount
        }
        strings = segment.map { value - $0.address + $0.offset }
      }
    }
    guard let strings else { return needed.isEmpty ? [] : nil }
    return needed.compactMap { name in
      guard name < file.count - strings else { return nil }
      return String(decoding: file[(strings + name)...].prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
