/// The lines of a text file, which end in `\n`, `\r\n` or `\r`, as Hadoop's reader tells them; a byte
/// order mark before the first one is passed over.
struct LineReader {
  private let input: FileBytes
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  /// Whether the first bytes are still to come.
  private var isAtStart = true
  /// The number of the line that was read last, from 1 on.
  private(set) var line = 0

  private static let chunk = 1 << 18
  /// Ends of names that tell of compressions, which would be read as if they were text.
  private static let packed: Set<String> = [
    "snappy", "lzo", "xz", "zip", "7z", "rar", "tar", "tgz", "z",
  ]

  init(_ file: ScanFile) throws(FileTableError) {
    let ending = PathNames.last(file.path).split(separator: ".").last.map { $0.lowercased() } ?? ""
    if Self.packed.contains(ending) {
      throw FileTableError(
        .unsupported,
        "'\(file.location)' ends in .\(ending), a compression that is not read here; unpack it, or "
          + "pack it as .gz, .bz2 or .zst",
        path: file.location)
    }
    input = try FileBytes(file.store, file.path, decompressing: true)
  }

  /// Calls `body` with the next line, without its end.
  ///
  /// - Returns: `nil` at the end of the file.
  mutating func next<Result>(
    _ body: (UnsafeRawBufferPointer) throws(FileTableError) -> Result
  ) throws(FileTableError) -> Result? {
    var searched = position
    while true {
      let end = Self.lineEnd(buffer, from: searched)
      // A `\r` at the end of the chunk may have its `\n` in the next.
      if let end, !isAtEnd, buffer[end] == 0x0D, end + 1 == buffer.count {
        searched = end
        try fill(&searched)
        continue
      }
      guard let end else {
        if !isAtEnd {
          searched = buffer.count
          try fill(&searched)
          continue
        }
        if position == buffer.count { return nil }
        return try give(position..<buffer.count, next: buffer.count, body)
      }
      let isPair = buffer[end] == 0x0D && end + 1 < buffer.count && buffer[end + 1] == 0x0A
      return try give(position..<end, next: end + (isPair ? 2 : 1), body)
    }
  }

  private mutating func give<Result>(
    _ range: Range<Int>, next: Int,
    _ body: (UnsafeRawBufferPointer) throws(FileTableError) -> Result
  ) throws(FileTableError) -> Result {
    line += 1
    position = next
    return try buffer.withUnsafeBufferPointer { (bytes) throws(FileTableError) -> Result in
      try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[range])))
    }
  }

  private static func lineEnd(_ buffer: [UInt8], from start: Int) -> Int? {
    buffer.withUnsafeBufferPointer { bytes in
      var index = start
      while index < bytes.count {
        if bytes[index] == 0x0A || bytes[index] == 0x0D { return index }
        index += 1
      }
      return nil
    }
  }

  /// Reads more, and forgets what was given out.
  private mutating func fill(_ searched: inout Int) throws(FileTableError) {
    if position > 0 {
      buffer.removeFirst(position)
      searched -= position
      position = 0
    }
    let piece = try input.read(upTo: Self.chunk)
    if piece.isEmpty { isAtEnd = true }
    buffer += piece
    if isAtStart, buffer.count >= 3 || isAtEnd {
      isAtStart = false
      if buffer.starts(with: [0xEF, 0xBB, 0xBF]) {
        buffer.removeFirst(3)
        searched = max(0, searched - 3)
      }
    }
  }

  /// All of a file's text, for what is not told line by line.
  static func contents(of file: ScanFile) throws(FileTableError) -> [UInt8] {
    let input = try LineReader(file).input
    var bytes: [UInt8] = []
    while true {
      let piece = try input.read(upTo: 1 << 20)
      if piece.isEmpty { break }
      bytes += piece
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    return bytes
  }
}
