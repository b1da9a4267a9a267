/// The lines of a text file, which end in `\n`, `\r\n` or `\r`, as Hadoop's reader tells them; a byte
/// order mark before the first one is passed over.
///
/// Of a part of the bytes they are, as in Hadoop and Spark, the lines that begin behind the part's first
/// byte, up to the one that begins where the next part does; the part at the beginning of the file also has
/// the first line. Parts that make up a file have each line once: it begins at byte 0, which is of the first
/// part, or at a byte `p`, and `start < p && p <= end` is so of one part alone. A part has its first line
/// behind the first line end at or after `start`, as no line begins between these. (Where a part begins
/// between `\r` and `\n`, the `\n` is that end, and the next line begins behind it, as it does in the file.)
struct LineReader {
  private let file: ScanFile
  private let start: Int64
  /// Lines that begin behind it are of other parts.
  private let end: Int64
  private let input: FileBytes
  private var buffer: [UInt8] = []
  /// Where in the file the buffer begins.
  private var base: Int64
  private var position = 0
  private var isAtEnd = false
  /// Whether the file's first bytes are still to come.
  private var isAtStart: Bool
  /// Whether the part has no line, or only the middle of one.
  private var isEmpty = false
  /// The number of the line that was read last, from 1 on, of those that are read here.
  private(set) var line = 0
  /// Where the first of these begins in the file.
  private(set) var firstByte: Int64 = 0

  private static let chunk = 1 << 18
  /// Ends of names that tell of compressions, which would be read as if they were text.
  private static let packed: Set<String> = [
    "snappy", "lzo", "xz", "zip", "7z", "rar", "tar", "tgz", "z",
  ]

  /// - Parameter part: the bytes whose lines are read, if these are not all; of a file that
  ///   ``FileCutting`` allows that for.
  init(_ file: ScanFile, _ part: Range<Int64>? = nil) throws(FileTableError) {
    let ending = PathNames.ending(file.path)
    if Self.packed.contains(ending) {
      throw FileTableError(
        .unsupported,
        "'\(file.location)' ends in .\(ending), a compression that is not read here; unpack it, or "
          + "pack it as .gz, .bz2 or .zst",
        path: file.location)
    }
    self.file = file
    start = part?.lowerBound ?? 0
    end = part?.upperBound ?? .max
    base = start
    isAtStart = start == 0
    input = try FileBytes(file.store, file.path, decompressing: true, from: start)
    if start > 0 { try skipRest() }
    firstByte = base + Int64(position)
  }

  /// How messages tell the lines.
  var numbering: LineNumbering { LineNumbering(file: file, start: start, firstByte: firstByte) }

  /// Calls `body` with the next line, without its end.
  ///
  /// - Returns: `nil` behind the last one.
  mutating func next<Result>(
    _ body: (UnsafeRawBufferPointer) throws(FileTableError) -> Result
  ) throws(FileTableError) -> Result? {
    // The first line of a file begins at 0 here, also if it has a byte order mark.
    if isEmpty || base + Int64(position) > end { return nil }
    if let lineEnd = try nextEnd() {
      return try give(position..<lineEnd.lowerBound, next: lineEnd.upperBound, body)
    }
    if position == buffer.count { return nil }
    return try give(position..<buffer.count, next: buffer.count, body)
  }

  /// Passes over the rest of the line that the part begins in.
  private mutating func skipRest() throws(FileTableError) {
    // Piece by piece, and not beyond the part: the line may be very long, and many parts lie in it.
    while !isAtEnd, base + Int64(position) < end {
      position = buffer.count
      var searched = position
      try fill(&searched)
      guard let found = Self.lineEnd(buffer, from: 0) else {
        position = buffer.count
        continue
      }
      position = found
      if let lineEnd = try nextEnd() { position = lineEnd.upperBound }
      return
    }
    isEmpty = true
  }

  /// Where the end of the line at `position` lies in the buffer; `nil` if it is that of the file.
  private mutating func nextEnd() throws(FileTableError) -> Range<Int>? {
    var searched = position
    while true {
      guard let found = Self.lineEnd(buffer, from: searched) else {
        if isAtEnd { return nil }
        searched = buffer.count
        try fill(&searched)
        continue
      }
      // A `\r` at the end of the chunk may have its `\n` in the next.
      if buffer[found] == 0x0D, found + 1 == buffer.count, !isAtEnd {
        searched = found
        try fill(&searched)
        continue
      }
      let isPair =
        buffer[found] == 0x0D && found + 1 < buffer.count && buffer[found + 1] == 0x0A
      return found..<found + (isPair ? 2 : 1)
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
      base += Int64(position)
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
        base += 3
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
