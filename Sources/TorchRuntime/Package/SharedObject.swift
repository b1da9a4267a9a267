import NativeLibraries

/// Checks of a shared library before the system's loader, which trusts what it reads, gets it.
enum SharedObject {
  /// - Parameter machine: the architecture of this machine as the kernel names it.
  /// - Throws: ``ArchiveError`` if `file` is no complete shared library for this machine.
  static func check(_ file: RandomAccessFile, machine: String) throws(ArchiveError) {
    let damaged = ArchiveError("its compiled code is damaged")
    guard file.count >= ELFHeader.byteCount else { throw damaged }
    let bytes = try file.bytes(at: 0, count: ELFHeader.byteCount)
    // Version 1, and a shared library.
    guard let header = ELFHeader(bytes), bytes[6] == 1, header.type == 3 else {
      throw ArchiveError("its compiled code is no shared library for Linux")
    }
    let expected: UInt16? =
      switch machine {
      case "x86_64": 62
      case "aarch64": 183
      default: nil
      }
    if let expected, header.machine != expected {
      throw ArchiveError(
        "its compiled code is for another processor (ELF machine \(header.machine)), this one is "
          + machine)
    }
    guard let table = header.table,
      let segments = ELFHeader.segments(
        try file.bytes(at: table.lowerBound, count: table.count))
    else { throw damaged }
    // Only these the loader reads.
    let loaded = segments.filter { $0.kind == .load || $0.kind == .dynamic }
    guard loaded.allSatisfy({ $0.isWithin(file.count) }) else {
      throw ArchiveError("its compiled code is cut off")
    }
    guard loaded.contains(where: { $0.kind == .load }) else { throw damaged }
  }
}
