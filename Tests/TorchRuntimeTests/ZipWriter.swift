@testable import TorchRuntime

/// Writes ZIP archives for the tests, wrong ones too.
struct ZipWriter {
  /// One entry as it shall be written; what is `nil` is written as it should be.
  struct Entry {
    var name: String
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var byteCount: Int?
    var checksum: UInt32?
    /// The position that the table of contents gives.
    var offset: Int?
    var hasWideSizes = false

    init(_ name: String, _ data: [UInt8]) {
      self.name = name
      self.data = data
    }

    init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }
  }

  var entries: [Entry] = []
  var comment: [UInt8] = []
  /// The number of entries that the end record tells.
  var entryCount: Int?
  /// The position of the table of contents that the end record tells.
  var directoryOffset: Int?

  init(_ entries: [Entry] = []) { self.entries = entries }

  func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = entry.offset ?? bytes.count
      var checksum = Checksum()
      entry.data.withUnsafeBytes { checksum.add($0) }
      let byteCount = entry.byteCount ?? entry.data.count
      let common =
        number(entry.checksum ?? checksum.value, 4)
        + (entry.hasWideSizes
          ? number(UInt32.max, 4) + number(UInt32.max, 4)
          : number(UInt64(entry.data.count), 4) + number(UInt64(byteCount), 4))
        + number(UInt64(entry.name.utf8.count), 2)
      let extra: [UInt8] =
        entry.hasWideSizes
        ? number(UInt16(1), 2) + number(UInt16(16), 2) + number(UInt64(byteCount), 8)
          + number(UInt64(entry.data.count), 8) : []
      bytes += number(UInt32(0x0403_4B50), 4) + number(UInt16(20), 2) + number(entry.flags, 2)
      bytes += number(entry.method, 2) + number(UInt32(0), 4) + common
      bytes += number(UInt64(extra.count), 2) + Array(entry.name.utf8) + extra + entry.data
      directory += number(UInt32(0x0201_4B50), 4) + number(UInt16(20), 2) + number(UInt16(20), 2)
      directory += number(entry.flags, 2) + number(entry.method, 2) + number(UInt32(0), 4) + common
      directory += number(UInt64(extra.count), 2) + number(UInt64(0), 2) + number(UInt64(0), 8)
      directory += number(UInt64(offset), 4) + Array(entry.name.utf8) + extra
    }
    let start = bytes.count
    let count = UInt64(entryCount ?? entries.count)
    bytes += directory
    bytes += number(UInt32(0x0605_4B50), 4) + number(UInt32(0), 4) + number(count, 2)
    bytes += number(count, 2) + number(UInt64(directory.count), 4)
    bytes +=
      number(UInt64(directoryOffset ?? start), 4) + number(UInt64(comment.count), 2) + comment
    return bytes
  }

  private func number(_ value: some FixedWidthInteger & UnsignedInteger, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: UInt64(value) >> UInt64(8 * $0)) }
  }
}

extension ZipWriter {
  /// The smallest archive that looks like a package; its code is no library.
  static func package(
    device: String = "cpu", instructionSets: String = "", code: [UInt8] = [1, 2, 3],
    more: [String: String] = [:]
  ) -> ZipWriter {
    var metadata = more
    metadata["AOTI_DEVICE_KEY"] = device
    metadata["AOTI_CPU_ISA"] = instructionSets
    let json = metadata.map { "\"\($0.key)\": \"\($0.value)\"" }.joined(separator: ", ")
    let folder = "model/data/aotinductor/model"
    return ZipWriter([
      Entry("\(folder)/abc.wrapper_metadata.json", "{\(json)}"),
      Entry("\(folder)/abc.wrapper.so", code),
      Entry("model/archive_format", "pt2"),
    ])
  }
}
