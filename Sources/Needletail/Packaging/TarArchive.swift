import CZlib
import Foundation

/// A tar archive in memory (POSIX.1-1988 `ustar`), optionally compressed with gzip.
///
/// Equal files give equal bytes: times, owners and the gzip header are fixed, so that a hash of the
/// archive identifies its contents.
struct TarArchive {
  private(set) var bytes = Data()

  /// Appends a regular file called `name` (at most 100 bytes) with the permission bits `mode`.
  ///
  /// - Throws: ``NeedletailError`` if the name is too long.
  mutating func add(_ name: String, _ contents: Data, mode: Int = 0o644) throws {
    guard name.utf8.count <= 100, contents.count < 1 << 33 else {
      throw NeedletailError(
        .packaging,
        "'\(name)' cannot be archived: its name is longer than 100 bytes or the file "
          + "larger than 8 GiB")
    }
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    func octal(_ value: Int, digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put(octal(mode, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(contents.count, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    let checksum = header.reduce(0) { $0 + Int($1) }
    put(octal(checksum, digits: 6) + "\0 ", at: 148)
    bytes.append(contentsOf: header)
    bytes.append(contents)
    bytes.append(Data(count: (512 - contents.count % 512) % 512))
  }

  /// The finished archive.
  func finished() -> Data { bytes + Data(count: 1024) }

  /// The finished archive compressed with gzip at `level` (1 fast to 9 small).
  ///
  /// - Throws: ``NeedletailError`` if zlib refuses.
  func gzipped(level: Int32 = 1) throws -> Data {
    let plain = finished()
    var stream = z_stream()
    let gzipWindow: Int32 = 15 + 16
    guard
      deflateInit2_(
        &stream, level, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw NeedletailError(.packaging, "zlib could not be started") }
    defer { deflateEnd(&stream) }
    var output = Data()
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var position = 0
    var status = Z_OK
    while status == Z_OK {
      // zlib counts in 32 bits, so the input goes in pieces.
      let piece = min(plain.count - position, 1 << 28)
      let flush = position + piece == plain.count ? Z_FINISH : Z_NO_FLUSH
      let (consumed, produced) = plain.withUnsafeBytes { input in
        chunk.withUnsafeMutableBytes { buffer -> (Int, Int) in
          stream.next_in = UnsafeMutablePointer(
            mutating: input.bindMemory(to: UInt8.self).baseAddress?.advanced(by: position))
          stream.avail_in = UInt32(piece)
          stream.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
          stream.avail_out = UInt32(buffer.count)
          status = deflate(&stream, flush)
          return (piece - Int(stream.avail_in), buffer.count - Int(stream.avail_out))
        }
      }
      position += consumed
      output.append(contentsOf: chunk[..<produced])
    }
    guard status == Z_STREAM_END else {
      throw NeedletailError(.packaging, "zlib failed with code \(status)")
    }
    return output
  }
}
