/// Decompresses DEFLATE data (RFC 1951).
struct Inflate {
  private let input: [UInt8]
  private var position = 0
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var output: [UInt8] = []
  private let limit: Int

  /// The `byteCount` bytes that `input` stands for.
  ///
  /// - Throws: ``ArchiveError`` if the data is damaged, or stands for fewer or more bytes.
  static func inflate(_ input: [UInt8], byteCount: Int) throws(ArchiveError) -> [UInt8] {
    var decoder = Inflate(input: input, limit: byteCount)
    try decoder.run()
    guard decoder.output.count == byteCount else {
      throw ArchiveError(
        "compressed data gives \(decoder.output.count) bytes where \(byteCount) were announced")
    }
    return decoder.output
  }

  private init(input: [UInt8], limit: Int) {
    self.input = input
    self.limit = limit
    // The announced size is not believed before the data shows it.
    output.reserveCapacity(min(limit, input.count * 4))
  }

  private mutating func run() throws(ArchiveError) {
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try copyStored()
      case 1: try copyCompressed(Self.fixedLiterals, Self.fixedDistances)
      case 2:
        let (literals, distances) = try readTables()
        try copyCompressed(literals, distances)
      default: throw ArchiveError("compressed data has a block of an unknown kind")
      }
    }
  }

  private mutating func fill() {
    while bitCount <= 56, position < input.count {
      bits |= UInt64(input[position]) << UInt64(bitCount)
      position += 1
      bitCount += 8
    }
  }

  /// The next `count` bits (at most 16) as a number.
  private mutating func take(_ count: Int) throws(ArchiveError) -> Int {
    if bitCount < count { fill() }
    guard bitCount >= count else { throw Self.truncated }
    let value = Int(bits & (1 << UInt64(count) - 1))
    bits >>= UInt64(count)
    bitCount -= count
    return value
  }

  private mutating func copyStored() throws(ArchiveError) {
    _ = try take(bitCount % 8)
    let length = try take(16)
    guard try take(16) == length ^ 0xFFFF else {
      throw ArchiveError("a stored block of compressed data has a damaged length")
    }
    try checkRoom(length)
    for _ in 0..<length { output.append(UInt8(try take(8))) }
  }

  private mutating func copyCompressed(
    _ literals: HuffmanTable, _ distances: HuffmanTable
  ) throws(ArchiveError) {
    while true {
      let symbol = try decode(literals)
      if symbol < 256 {
        try checkRoom(1)
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol < 257 + Self.lengths.count else {
        throw ArchiveError("compressed data has an unknown length")
      }
      let length = Self.lengths[symbol - 257] + (try take(Self.lengthBits[symbol - 257]))
      let code = try decode(distances)
      guard code < Self.distances.count else {
        throw ArchiveError("compressed data has an unknown distance")
      }
      let distance = Self.distances[code] + (try take(Self.distanceBits[code]))
      guard distance <= output.count else {
        throw ArchiveError("compressed data refers to what lies before its beginning")
      }
      try checkRoom(length)
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  private func checkRoom(_ count: Int) throws(ArchiveError) {
    if count > limit - output.count {
      throw ArchiveError("compressed data gives more than the \(limit) bytes announced")
    }
  }

  private mutating func decode(_ table: HuffmanTable) throws(ArchiveError) -> Int {
    if bitCount < HuffmanTable.longest { fill() }
    let entry = table.entries[Int(bits & UInt64(HuffmanTable.mask))]
    let length = Int(entry & 15)
    guard length > 0 else { throw ArchiveError("compressed data has an unknown code") }
    guard length <= bitCount else { throw Self.truncated }
    bits >>= UInt64(length)
    bitCount -= length
    return Int(entry >> 4)
  }

  private mutating func readTables() throws(ArchiveError) -> (HuffmanTable, HuffmanTable) {
    let literalCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    let codeCount = try take(4) + 4
    var codeLengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<codeCount { codeLengths[Self.codeOrder[index]] = UInt8(try take(3)) }
    let codes = try HuffmanTable(lengths: codeLengths)
    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try decode(codes)
      switch symbol {
      case 0..<16: lengths.append(UInt8(symbol))
      case 16:
        guard let last = lengths.last else {
          throw ArchiveError("compressed data repeats a code length that is not there")
        }
        lengths += Array(repeating: last, count: 3 + (try take(2)))
      case 17: lengths += Array(repeating: 0, count: 3 + (try take(3)))
      default: lengths += Array(repeating: 0, count: 11 + (try take(7)))
      }
    }
    guard lengths.count == literalCount + distanceCount, lengths[256] > 0 else {
      throw ArchiveError("compressed data has damaged code lengths")
    }
    return (
      try HuffmanTable(lengths: Array(lengths[..<literalCount])),
      try HuffmanTable(lengths: Array(lengths[literalCount...]))
    )
  }

  private static let truncated = ArchiveError("compressed data ends too early")
  private static let codeOrder = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let lengths: [Int] = {
    var next = 3
    return lengthBits.dropLast().map { bits in
      defer { next += 1 << bits }
      return next
    } + [258]
  }()
  private static let distanceBits = (0..<30).map { max(0, $0 / 2 - 1) }
  private static let distances: [Int] = {
    var next = 1
    return distanceBits.map { bits in
      defer { next += 1 << bits }
      return next
    }
  }()
  private static let fixedLiterals = HuffmanTable(
    complete: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  private static let fixedDistances = HuffmanTable(
    complete: [UInt8](repeating: 5, count: 32))
}

/// A prefix code as a table over the next bits of the input.
struct HuffmanTable {
  static let longest = 15
  static let mask = 1 << longest - 1

  /// For each value of the next 15 bits: the symbol, shifted by four, and the length of its code; 0
  /// where no code begins like that.
  fileprivate private(set) var entries: [UInt16]

  /// The code whose symbols have codes of these lengths (0 for none).
  ///
  /// - Throws: ``ArchiveError`` if there are more codes of some length than fit. Codes that leave
  ///   room are taken, as a code of a single distance does.
  init(lengths: [UInt8]) throws(ArchiveError) {
    var room = 1
    for length in 1...UInt8(Self.longest) {
      room = room * 2 - lengths.count { $0 == length }
      if room < 0 { throw ArchiveError("compressed data has an impossible code") }
    }
    self.init(complete: lengths)
  }

  fileprivate init(complete lengths: [UInt8]) {
    entries = [UInt16](repeating: 0, count: 1 << Self.longest)
    var code = 0
    for length in 1...Self.longest {
      for (symbol, own) in lengths.enumerated() where Int(own) == length {
        var index = 0
        for bit in 0..<length where code >> bit & 1 == 1 { index |= 1 << (length - 1 - bit) }
        while index < entries.count {
          entries[index] = UInt16(symbol) << 4 | UInt16(length)
          index += 1 << length
        }
        code += 1
      }
      code <<= 1
    }
  }
}
