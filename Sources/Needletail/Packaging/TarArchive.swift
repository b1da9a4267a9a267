import CGzip
import Foundation

/// A tar archive in memory (POSIX.1-1988 `ustar`), optionally compressed with gzip.
///
/// Equal files give equal bytes: times, owners and the gzip header are fixed, so that a hash of the
/// archive identifies its contents.
struct TarArchive {
  private(set) var bytes = Data()

  init() {}

  /// The files of a folder, and of those in it, in the order of their names.
  ///
  /// - Throws: ``NeedletailError`` if one cannot be read or has too long a name.
  init(folder: String) throws {
    let files = FileManager.default
    guard let names = files.enumerator(atPath: folder) else {
      throw NeedletailError(.packaging, "the folder \(folder) cannot be read")
    }
    let paths = names.compactMap { $0 as? String }.sorted()
    for path in paths where !files.isFolder("\(folder)/\(path)") {
      let url = URL(fileURLWithPath: "\(folder)/\(path)")
      let contents: Data
      do {
        contents = try Data(contentsOf: url, options: .alwaysMapped)
      } catch {
        throw NeedletailError(.packaging, "\(url.path) cannot be read: \(error)")
      }
      try add(path, contents)
    }
  }

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
    let capacity = needletail_gzip_bound(plain.count)
    var output = Data(count: capacity)
    let size = plain.withUnsafeBytes { input in
      output.withUnsafeMutableBytes { output in
        needletail_gzip(
          input.bindMemory(to: UInt8.self).baseAddress, input.count, level,
          output.bindMemory(to: UInt8.self).baseAddress, output.count)
      }
    }
    guard size > 0 else {
      throw NeedletailError(.packaging, "zlib could not compress \(plain.count) bytes")
    }
    return output.prefix(size)
  }
}
