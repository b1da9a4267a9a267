/// The head of a 64-bit little-endian ELF file (System V ABI, chapters 4 and 5).
package struct ELFHeader {
  /// A part of the file, as the table of program headers has it; whether it lies within the file is not
  /// checked.
  package struct Segment: Sendable {
    package enum Kind: UInt32, Sendable {
      /// To be mapped into memory.
      case load = 1
      /// The table that the loader follows.
      case dynamic = 2
      case note = 4
    }

    /// `nil` for others.
    package let kind: Kind?
    package let offset: Int
    /// Where in memory.
    package let address: Int
    package let byteCount: Int

    package func isWithin(_ fileByteCount: Int) -> Bool {
      offset <= fileByteCount && byteCount <= fileByteCount - offset
    }
  }

  package static let byteCount = 64
  private static let entryByteCount = 56

  /// 3 for a shared library.
  package let type: UInt16
  package let machine: UInt16
  /// Where the table of segments is; `nil` if that is impossible.
  package let table: Range<Int>?

  /// `nil` if no such file begins with `bytes`.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.byteCount, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
      return nil
    }
    type = bytes.number(at: 16)
    machine = bytes.number(at: 18)
    let entryByteCount: UInt16 = bytes.number(at: 54)
    let entryCount: UInt16 = bytes.number(at: 56)
    let length = Int(entryCount) * Self.entryByteCount
    let start: Int? = bytes.place(at: 32)
    table = start.flatMap { start in
      let isPossible = entryCount == 0 || Int(entryByteCount) == Self.entryByteCount
      return isPossible && start <= Int.max - length ? start..<start + length : nil
    }
  }

  /// The segments in the bytes of ``table``; `nil` if one is impossible.
  package static func segments(_ table: [UInt8]) -> [Segment]? {
    var segments: [Segment] = []
    for entry in 0..<table.count / entryByteCount {
      let start = entry * entryByteCount
      guard let offset = table.place(at: start + 8), let address = table.place(at: start + 16),
        let byteCount = table.place(at: start + 32)
      else { return nil }
      segments.append(
        Segment(
          kind: .init(rawValue: table.number(at: start)), offset: offset, address: address,
          byteCount: byteCount))
    }
    return segments
  }
}

extension [UInt8] {
  /// The number at `offset`, which must lie within.
  fileprivate func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
    withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }

  fileprivate func place(at offset: Int) -> Int? { Int(exactly: number(at: offset) as UInt64) }
}
