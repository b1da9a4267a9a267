extension ZipArchive {
  /// The greatest size of an entry that is held in memory as text.
  static let maximumTextByteCount = 256 << 20

  /// Deflated entries beyond this size may not expand further than ``maximumExpansion`` times: they
  /// would be bombs, not code or weights.
  static let expansionLimitByteCount = 64 << 20
  static let maximumExpansion = 100

  /// Gives the bytes of `entry` piece by piece to `consume`.
  ///
  /// - Throws: ``ArchiveError`` if they are damaged; what `consume` throws.
  func read(
    _ entry: Entry, _ consume: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var checksum = Checksum()
    if entry.isDeflated {
      if entry.byteCount > Self.expansionLimitByteCount,
        entry.byteCount / Self.maximumExpansion > entry.compressedByteCount
      {
        throw ArchiveError(
          "the entry \(entry.name) would expand from \(entry.compressedByteCount) to "
            + "\(entry.byteCount) bytes, as in an archive made to do harm")
      }
      let compressed = try file.bytes(at: entry.dataOffset, count: entry.compressedByteCount)
      let bytes = try Inflate.inflate(compressed, byteCount: entry.byteCount)
      try bytes.withUnsafeBytes { buffer in
        checksum.add(buffer)
        try consume(buffer)
      }
    } else {
      let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
      defer { piece.deallocate() }
      var done = 0
      while done < entry.byteCount {
        let count = min(piece.count, entry.byteCount - done)
        let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<count])
        try file.read(into: part, at: entry.dataOffset + done)
        checksum.add(UnsafeRawBufferPointer(part))
        try consume(UnsafeRawBufferPointer(part))
        done += count
      }
    }
    guard checksum.value == entry.checksum else {
      throw ArchiveError("the entry \(entry.name) is damaged: its checksum is wrong")
    }
  }

  /// The bytes of `entry`.
  func bytes(of entry: Entry) throws -> [UInt8] {
    guard entry.byteCount <= Self.maximumTextByteCount else {
      throw ArchiveError("the entry \(entry.name) has \(entry.byteCount) bytes, too many for text")
    }
    var bytes: [UInt8] = []
    try read(entry) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// The text of `entry`; invalid UTF-8 is repaired.
  func text(of entry: Entry) throws -> String {
    String(decoding: try bytes(of: entry), as: UTF8.self)
  }
}
