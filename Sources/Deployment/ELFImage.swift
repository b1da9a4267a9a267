import FoundationEssentials
import NativeLibraries

/// A 64-bit little-endian ELF file in memory, whose segments all lie within it.
struct ELFImage: Sendable {
  let file: Data
  let segments: [ELFHeader.Segment]
  /// Where the table of the segments ends.
  let tableEnd: Int

  /// `nil` for other files.
  init?(_ file: Data) {
    guard let header = ELFHeader([UInt8](file.prefix(ELFHeader.byteCount))),
      let table = header.table, table.upperBound <= file.count,
      let segments = ELFHeader.segments([UInt8](file[table])),
      segments.allSatisfy({ $0.isWithin(file.count) })
    else { return nil }
    self.file = file
    self.segments = segments
    tableEnd = table.upperBound
  }

  /// The number at `offset`; `nil` beyond the end.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ offset: Int, as type: Number.Type = Number.self
  ) -> Number? {
    guard offset >= 0, offset <= file.count - MemoryLayout<Number>.size else { return nil }
    return file.withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
