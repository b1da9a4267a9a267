import CGzip

/// Decompresses DEFLATE data (RFC 1951), by zlib.
enum Inflate {
  private static let piece = 1 << 20

  /// The `byteCount` bytes that `input` stands for.
  ///
  /// - Throws: ``ArchiveError`` if the data is damaged, or stands for fewer or more bytes.
  static func inflate(_ input: [UInt8], byteCount: Int) throws(ArchiveError) -> [UInt8] {
    try input.withUnsafeBufferPointer { (bytes) throws(ArchiveError) -> [UInt8] in
      guard let inflater = needletail_inflate_begin_raw(bytes.baseAddress, bytes.count) else {
        throw ArchiveError("there is no memory to decompress it")
      }
      defer { needletail_inflate_end(inflater) }
      // The announced size is not believed before the data shows it.
      var output: [UInt8] = []
      output.reserveCapacity(min(byteCount, input.count * 4))
      var status: Int32 = 1
      while status == 1 {
        // One byte more than announced shows that there are more.
        let room = min(piece, byteCount - output.count + 1)
        output += [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
          status = needletail_inflate(inflater, buffer.baseAddress, room, &count)
        }
        if output.count > byteCount {
          throw ArchiveError("compressed data gives more than the \(byteCount) bytes announced")
        }
      }
      if status == -2 { throw ArchiveError("compressed data ends too early") }
      if status < 0 { throw damage(needletail_inflate_message(inflater)) }
      guard output.count == byteCount else {
        throw ArchiveError(
          "compressed data gives \(output.count) bytes where \(byteCount) were announced")
      }
      return output
    }
  }

  private static func damage(_ message: UnsafePointer<CChar>?) -> ArchiveError {
    switch message.map({ String(cString: $0) }) {
    case "invalid block type":
      ArchiveError("compressed data has a block of an unknown kind")
    case "invalid stored block lengths":
      ArchiveError("a stored block of compressed data has a damaged length")
    case "invalid distance too far back":
      ArchiveError("compressed data refers to what lies before its beginning")
    case let other: ArchiveError("compressed data is damaged\(other.map { " (\($0))" } ?? "")")
    }
  }
}
