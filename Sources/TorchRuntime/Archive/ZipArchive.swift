/// The table of contents of a ZIP archive, read with care: what the file says of itself is checked
/// against the file before anything is unpacked.
///
/// Stored and deflated entries are read, 64-bit archives too; encrypted and multi-part ones are not.
/// Refused are: names that lead out of the archive or occur twice, entries that overlap each other
/// or the table of contents (which bombs and archives within themselves need), and sizes that the
/// file cannot hold.
struct ZipArchive: Sendable {
  /// One file of the archive.
  struct Entry: Hashable, Sendable {
    var name: String
    /// Bytes once unpacked.
    var byteCount: Int
    /// Bytes in the archive.
    var compressedByteCount: Int
    var isDeflated: Bool
    var checksum: UInt32
    /// Where the entry's data begin in the file.
    var dataOffset: Int
  }

  let file: RandomAccessFile
  /// The entries in the order of the table of contents, folders left out.
  let entries: [Entry]

  /// More than any package has; a table of contents that long is an attack or damage.
  static let maximumEntryCount = 1 << 20

  /// Whether `file` begins as ZIP archives do.
  static func isArchive(_ file: RandomAccessFile) -> Bool {
    (try? file.bytes(at: 0, count: 4)).map { $0 == [0x50, 0x4B, 3, 4] } ?? false
  }

  /// Reads the table of contents of `file`.
  init(_ file: RandomAccessFile) throws(ArchiveError) {
    self.file = file
    let end = try Self.findEnd(of: file)
    let directory = LittleEndian(try file.bytes(at: end.offset, count: end.byteCount))
    var entries: [Entry] = []
    var regions: [Range<Int>] = []
    var names: Set<String> = []
    var position = 0
    for number in 0..<end.entryCount {
      var (entry, length) = try Self.readHeader(directory, at: position, number: number)
      position += length
      try Self.checkName(entry.name)
      guard names.insert(entry.name).inserted else {
        throw ArchiveError("the entry \(entry.name) occurs twice")
      }
      let start = entry.dataOffset
      try Self.locate(&entry, in: file, before: end.offset)
      regions.append(start..<entry.dataOffset + entry.compressedByteCount)
      if !entry.name.hasSuffix("/") { entries.append(entry) }
    }
    regions.sort { $0.lowerBound < $1.lowerBound }
    for (region, next) in zip(regions, regions.dropFirst())
    where region.upperBound > next.lowerBound {
      throw ArchiveError(
        "entries overlap at byte \(next.lowerBound), as in an archive made to do harm")
    }
    self.entries = entries
  }

  private struct End {
    var entryCount: Int
    var offset: Int
    var byteCount: Int
  }

  /// The end-of-directory record, which lies within the last 64 KiB and may refer to a 64-bit one.
  private static func findEnd(of file: RandomAccessFile) throws(ArchiveError) -> End {
    let missing = ArchiveError(
      "it has no table of contents at its end, so it is cut off or no ZIP archive")
    let tailCount = min(file.count, 22 + 0xFFFF)
    guard tailCount >= 22 else { throw missing }
    let tailStart = file.count - tailCount
    let tail = LittleEndian(try file.bytes(at: tailStart, count: tailCount))
    for offset in stride(from: tailCount - 22, through: 0, by: -1) {
      guard tail.number(UInt32.self, at: offset) == 0x0605_4B50,
        let comment = tail.number(UInt16.self, at: offset + 20),
        offset + 22 + Int(comment) == tailCount,
        let disk = tail.number(UInt16.self, at: offset + 4),
        let count = tail.number(UInt16.self, at: offset + 10),
        let byteCount = tail.number(UInt32.self, at: offset + 12),
        let start = tail.number(UInt32.self, at: offset + 16)
      else { continue }
      guard disk == 0 || disk == 0xFFFF else {
        throw ArchiveError("it is one part of several")
      }
      var end = End(entryCount: Int(count), offset: Int(start), byteCount: Int(byteCount))
      var limit = tailStart + offset
      if count == 0xFFFF || byteCount == .max || start == .max {
        (end, limit) = try find64BitEnd(of: file, before: limit)
      }
      guard end.offset <= limit, end.byteCount <= limit - end.offset,
        end.entryCount <= maximumEntryCount, end.entryCount <= end.byteCount / 46
      else {
        throw ArchiveError("its table of contents does not lie within it, so it is cut off")
      }
      return end
    }
    throw missing
  }

  private static func find64BitEnd(
    of file: RandomAccessFile, before limit: Int
  ) throws(ArchiveError) -> (End, Int) {
    let damaged = ArchiveError("its 64-bit table of contents cannot be found")
    guard limit >= 20 else { throw damaged }
    let locator = LittleEndian(try file.bytes(at: limit - 20, count: 20))
    guard locator.number(UInt32.self, at: 0) == 0x0706_4B50,
      let position = locator.number(UInt64.self, at: 8).flatMap({ Int(exactly: $0) }),
      position <= limit - 20 - 56
    else { throw damaged }
    let record = LittleEndian(try file.bytes(at: position, count: 56))
    guard record.number(UInt32.self, at: 0) == 0x0606_4B50,
      let count = record.number(UInt64.self, at: 32).flatMap({ Int(exactly: $0) }),
      let byteCount = record.number(UInt64.self, at: 40).flatMap({ Int(exactly: $0) }),
      let offset = record.number(UInt64.self, at: 48).flatMap({ Int(exactly: $0) })
    else { throw damaged }
    return (End(entryCount: count, offset: offset, byteCount: byteCount), position)
  }

  /// The entry of the table of contents at `position`, with the place of its header, in front of its
  /// data, for that of the data; and its length in the table.
  private static func readHeader(
    _ directory: LittleEndian, at position: Int, number: Int
  ) throws(ArchiveError) -> (Entry, Int) {
    let damaged = ArchiveError("entry \(number) of its table of contents is damaged")
    guard directory.number(UInt32.self, at: position) == 0x0201_4B50,
      let flags = directory.number(UInt16.self, at: position + 8),
      let method = directory.number(UInt16.self, at: position + 10),
      let checksum = directory.number(UInt32.self, at: position + 16),
      let compressed = directory.number(UInt32.self, at: position + 20),
      let full = directory.number(UInt32.self, at: position + 24),
      let nameLength = directory.number(UInt16.self, at: position + 28).map({ Int($0) }),
      let extraLength = directory.number(UInt16.self, at: position + 30).map({ Int($0) }),
      let commentLength = directory.number(UInt16.self, at: position + 32).map({ Int($0) }),
      let offset = directory.number(UInt32.self, at: position + 42),
      let nameBytes = directory.slice(position + 46, nameLength),
      let extra = directory.slice(position + 46 + nameLength, extraLength),
      directory.slice(position + 46 + nameLength + extraLength, commentLength) != nil,
      let name = String(validating: nameBytes, as: UTF8.self)
    else { throw damaged }
    if flags & 1 != 0 { throw ArchiveError("the entry \(name) is encrypted") }
    guard method == 0 || method == 8 else {
      throw ArchiveError("the entry \(name) is compressed by the unknown method \(method)")
    }
    var sizes = [full, compressed, offset].map { UInt64($0) }
    try widen(&sizes, extra: LittleEndian(extra), or: damaged)
    guard let byteCount = Int(exactly: sizes[0]), let compressedByteCount = Int(exactly: sizes[1]),
      let start = Int(exactly: sizes[2])
    else { throw damaged }
    let entry = Entry(
      name: name, byteCount: byteCount, compressedByteCount: compressedByteCount,
      isDeflated: method == 8, checksum: checksum, dataOffset: start)
    return (entry, 46 + nameLength + extraLength + commentLength)
  }

  /// Replaces those of `sizes` that do not fit 32 bits by the 64-bit ones in the extra field 1.
  private static func widen(
    _ sizes: inout [UInt64], extra: LittleEndian, or damaged: ArchiveError
  ) throws(ArchiveError) {
    let wide = sizes.indices.filter { sizes[$0] == 0xFFFF_FFFF }
    if wide.isEmpty { return }
    var position = 0
    while let kind = extra.number(UInt16.self, at: position),
      let length = extra.number(UInt16.self, at: position + 2),
      let field = extra.slice(position + 4, Int(length))
    {
      if kind == 1 {
        for (order, index) in wide.enumerated() {
          guard let value = LittleEndian(field).number(UInt64.self, at: 8 * order) else {
            throw damaged
          }
          sizes[index] = value
        }
        return
      }
      position += 4 + Int(length)
    }
    throw damaged
  }

  private static func checkName(_ name: String) throws(ArchiveError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, !name.hasPrefix("/"), !name.contains("\\"), !name.utf8.contains(0),
      !parts.contains(".."), !parts.contains(".")
    else {
      throw ArchiveError("an entry is called \"\(name)\", which leads out of the archive")
    }
  }

  /// Moves `entry` from its header, which is a copy of that in the table, to its data behind it.
  private static func locate(
    _ entry: inout Entry, in file: RandomAccessFile, before limit: Int
  ) throws(ArchiveError) {
    let outside = ArchiveError(
      "the entry \(entry.name) does not lie within the file, which is cut off or damaged")
    guard entry.dataOffset <= limit - 30 else { throw outside }
    let local = LittleEndian(try file.bytes(at: entry.dataOffset, count: 30))
    guard local.number(UInt32.self, at: 0) == 0x0403_4B50,
      let nameLength = local.number(UInt16.self, at: 26),
      let extraLength = local.number(UInt16.self, at: 28)
    else { throw outside }
    entry.dataOffset += 30 + Int(nameLength) + Int(extraLength)
    guard entry.dataOffset <= limit, entry.compressedByteCount <= limit - entry.dataOffset
    else { throw outside }
    if entry.isDeflated {
      // DEFLATE cannot expand further than 1032 to 1; real files stay far below.
      guard entry.byteCount / 1032 <= entry.compressedByteCount else {
        throw ArchiveError("the entry \(entry.name) announces a size that its data cannot have")
      }
    } else if entry.byteCount != entry.compressedByteCount {
      throw ArchiveError("the entry \(entry.name) has two different sizes")
    }
  }
}
