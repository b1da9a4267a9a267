import Foundation

/// The names of the shared libraries that an ELF file is linked with: the `DT_NEEDED` entries of its
/// dynamic section (System V ABI, chapter 5).
enum LinkedLibraries {
  private static let loadSegment: UInt32 = 1
  private static let dynamicSegment: UInt32 = 2
  private static let neededTag: UInt64 = 1
  private static let stringTableTag: UInt64 = 5

  /// `nil` for files that are no 64-bit little-endian ELF, or that tell nothing of it.
  static func names(of file: Data) -> [String]? {
    func number<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value? {
      guard offset >= 0, offset + MemoryLayout<Value>.size <= file.count else { return nil }
      return file.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }
    func place(_ offset: Int) -> Int? { number(offset, UInt64.self).flatMap { Int(exactly: $0) } }
    guard file.count > 64, Array(file.prefix(6)) == [0x7F, 0x45, 0x4C, 0x46, 2, 1],
      let table = place(32), table < file.count, let entrySize = number(54, UInt16.self),
      let entryCount = number(56, UInt16.self)
    else { return nil }

    var segments: [(address: Int, offset: Int, size: Int)] = []
    var dynamic: (offset: Int, size: Int)?
    for entry in 0..<Int(entryCount) {
      let header = table + entry * Int(entrySize)
      guard let kind = number(header, UInt32.self), let offset = place(header + 8),
        let address = place(header + 16), let size = place(header + 32),
        offset <= file.count, size <= file.count - offset
      else { return nil }
      if kind == loadSegment { segments.append((address, offset, size)) }
      if kind == dynamicSegment { dynamic = (offset, size) }
    }
    guard let dynamic else { return [] }
    var needed: [Int] = []
    var strings: Int?
    for entry in stride(from: dynamic.offset, to: dynamic.offset + dynamic.size, by: 16) {
      guard let tag = number(entry, UInt64.self), let value = place(entry + 8) else { break }
      if tag == neededTag { needed.append(value) }
      // The table's address in memory, which a segment maps to the file.
      if tag == stringTableTag {
        let segment = segments.first { value >= $0.address && value - $0.address < $0.size }
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
