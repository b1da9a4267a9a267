/// Checks of a shared library before the system's loader, which trusts what it reads, gets it.
enum SharedObject {
  /// - Parameter machine: the architecture of this machine as the kernel names it.
  /// - Throws: ``ArchiveError`` if `file` is no complete shared library for this machine.
  static func check(_ file: RandomAccessFile, machine: String) throws(ArchiveError) {
    let damaged = ArchiveError("its compiled code is damaged")
    guard file.count >= 64 else { throw damaged }
    let header = LittleEndian(try file.bytes(at: 0, count: 64))
    // 64 bits, little-endian, version 1.
    guard header.slice(0, 7).map(Array.init) == [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1],
      header.number(UInt16.self, at: 16) == 3
    else { throw ArchiveError("its compiled code is no shared library for Linux") }
    let expected: UInt16? =
      switch machine {
      case "x86_64": 62
      case "aarch64": 183
      default: nil
      }
    if let expected, let found = header.number(UInt16.self, at: 18), found != expected {
      throw ArchiveError(
        "its compiled code is for another processor (ELF machine \(found)), this one is \(machine)")
    }
    guard let start = header.number(UInt64.self, at: 32).flatMap({ Int(exactly: $0) }),
      header.number(UInt16.self, at: 54) == 56,
      let count = header.number(UInt16.self, at: 56).map({ Int($0) }), count > 0
    else { throw damaged }
    let segments = LittleEndian(try file.bytes(at: start, count: 56 * count))
    var loads = 0
    for index in 0..<count {
      guard let kind = segments.number(UInt32.self, at: 56 * index),
        let offset = segments.number(UInt64.self, at: 56 * index + 8).flatMap({ Int(exactly: $0) }),
        let length = segments.number(UInt64.self, at: 56 * index + 32).flatMap({ Int(exactly: $0) })
      else { throw damaged }
      // 1 is a part to be mapped, 2 the table that the loader follows.
      guard kind == 1 || kind == 2 else { continue }
      guard offset <= file.count, length <= file.count - offset else {
        throw ArchiveError("its compiled code is cut off")
      }
      if kind == 1 { loads += 1 }
    }
    if loads == 0 { throw damaged }
  }
}
