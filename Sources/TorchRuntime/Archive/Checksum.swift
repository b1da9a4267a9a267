import CGzip

/// The CRC-32 of ZIP archives, computed piece by piece.
struct Checksum {
  private(set) var value: UInt32 = 0

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = needletail_crc32(value, bytes.baseAddress, bytes.count)
  }
}
