import CGzip
package import FoundationEssentials
import HostProcesses
import Texts

/// A tar archive in memory, optionally compressed with gzip.
///
/// The form is `ustar` with extended headers where it is too narrow (POSIX.1-2001, "pax Interchange
/// Format"): for names that are long or have other characters than ASCII's, and for files of 8 GiB.
/// Equal files give equal bytes: times, owners and the gzip header are fixed, so that a hash of the
/// archive identifies its contents.
package struct TarArchive {
  package private(set) var bytes = Data()

  package init() {}

  /// The files of a folder, and of those in it, in the order of their names; links are followed.
  ///
  /// - Throws: ``NeedletailError`` if one cannot be read.
  package init(folder: String) throws {
    for file in try FolderFiles(folder).files { try add(file.name, contentsOf: file.path) }
  }

  /// Appends the file at `path` under the name `name`.
  ///
  /// - Throws: ``NeedletailError`` if it cannot be read.
  package mutating func add(_ name: String, contentsOf path: String) throws {
    do {
      add(name, try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped))
    } catch {
      throw NeedletailError(
        .packaging, "\(path) cannot be read: \(error.reason)", cause: error)
    }
  }

  /// Appends an empty folder with the names on the way to it.
  package mutating func addFolder(_ parts: [String]) {
    append(parts.joined(separator: "/") + "/", type: "5", Data(), mode: 0o755)
  }

  /// Appends a regular file called `name` with the permission bits `mode`.
  package mutating func add(_ name: String, _ contents: Data, mode: Int = 0o644) {
    append(name, type: "0", contents, mode: mode)
  }

  private mutating func append(_ name: String, type: String, _ contents: Data, mode: Int) {
    var attributes: [(String, String)] = []
    if name.utf8.count > 100 || !name.utf8.allSatisfy({ $0 < 128 }) {
      attributes.append(("path", name))
    }
    let isLarge = contents.count >= 1 << 33
    if isLarge { attributes.append(("size", "\(contents.count)")) }
    if !attributes.isEmpty {
      let records = Data(attributes.flatMap { Self.record($0.0, $0.1).utf8 })
      bytes.append(Self.header("pax", type: "x", mode: 0o644, count: records.count))
      append(records)
    }
    bytes.append(
      Self.header(name, type: type, mode: mode, count: isLarge ? 0 : contents.count))
    append(contents)
  }

  /// `contents`, filled up to whole blocks.
  private mutating func append(_ contents: Data) {
    bytes.append(contents)
    bytes.append(Data(count: (512 - contents.count % 512) % 512))
  }

  /// A record of an extended header, which begins with its own length in bytes: `13 path=name\n`.
  static func record(_ keyword: String, _ value: String) -> String {
    let rest = " \(keyword)=\(value)\n"
    var length = rest.utf8.count
    // The digits count, too.
    while "\(length)".utf8.count + rest.utf8.count != length {
      length = "\(length)".utf8.count + rest.utf8.count
    }
    return "\(length)\(rest)"
  }

  private static func header(_ name: String, type: String, mode: Int, count: Int) -> Data {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: some Collection<UInt8>, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.count, with: text)
    }
    func octal(_ value: Int, digits: Int) -> String.UTF8View {
      let text = String(value, radix: 8)
      return (String(repeating: "0", count: digits - text.count) + text).utf8
    }
    put(name.utf8.prefix(100), at: 0)
    put(octal(mode, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(count, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("        ".utf8, at: 148)
    put(type.utf8, at: 156)
    put("ustar".utf8, at: 257)
    put("00".utf8, at: 263)
    let checksum = header.reduce(0) { $0 + Int($1) }
    put(octal(checksum, digits: 6), at: 148)
    put([0, 0x20], at: 154)
    return Data(header)
  }

  /// What ends an archive.
  static let end = Data(count: 1024)

  /// The finished archive compressed with gzip at `level` (0 not at all, 1 fast to 9 small).
  ///
  /// - Throws: ``NeedletailError`` if zlib refuses.
  package func gzipped(level: Int32 = 1) throws -> Data {
    try Self.gzip(bytes + Self.end, level: level)
  }

  /// `plain` as a gzip file at `level`; such files one behind the other are one of all their contents.
  ///
  /// - Throws: ``NeedletailError`` if zlib refuses.
  static func gzip(_ plain: Data, level: Int32) throws -> Data {
    let capacity = needletail_gzip_bound(plain.count)
    var output = Data(count: capacity)
    let size = plain.withUnsafeBytes { input in
      output.withUnsafeMutableBytes { output in
        needletail_gzip(input.baseAddress, input.count, level, output.baseAddress, output.count)
      }
    }
    guard size > 0 else {
      throw NeedletailError(.packaging, "zlib could not compress \(plain.count) bytes")
    }
    return output.prefix(size)
  }
}
