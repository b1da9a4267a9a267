import Tensors

/// Bits in Arrow's order (least significant first) over a buffer: validity, or boolean values.
public struct Bitmap: Sendable {
  /// The bytes that hold the bits.
  public let buffer: ArrowBuffer
  /// The number of bits skipped at the beginning.
  public let offset: Int
  /// The number of bits.
  public let count: Int

  /// - Precondition: the buffer holds `offset + count` bits.
  public init(_ buffer: ArrowBuffer, offset: Int = 0, count: Int) {
    precondition(offset >= 0 && count >= 0 && offset + count <= buffer.count * 8, "bits missing")
    self.buffer = buffer
    self.offset = offset
    self.count = count
  }

  /// A bitmap made from one truth value per bit.
  public init(_ bits: some Collection<Bool>) {
    let storage = TensorStorage(byteCount: (bits.count + 7) / 8)
    storage.baseAddress.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
    let bytes = storage.baseAddress.assumingMemoryBound(to: UInt8.self)
    for (index, bit) in bits.enumerated() where bit { bytes[index >> 3] |= 1 << UInt8(index & 7) }
    self.init(ArrowBuffer(storage), count: bits.count)
  }

  /// The bit at `index`.
  @inlinable
  public subscript(index: Int) -> Bool {
    precondition(index >= 0 && index < count, "bit \(index) of \(count)")
    let position = offset + index
    return buffer.withUnsafeBytes { $0[position >> 3] >> UInt8(position & 7) & 1 == 1 }
  }

  /// The number of bits that are set. Complexity: O(count / 64).
  public var setCount: Int {
    buffer.withUnsafeBytes { bytes in
      var position = offset
      let end = offset + count
      var sum = 0
      while position < end && position & 7 != 0 {
        sum += Int(bytes[position >> 3] >> UInt8(position & 7) & 1)
        position += 1
      }
      while end - position >= 64 {
        sum += bytes.loadUnaligned(fromByteOffset: position >> 3, as: UInt64.self).nonzeroBitCount
        position += 64
      }
      while position < end {
        sum += Int(bytes[position >> 3] >> UInt8(position & 7) & 1)
        position += 1
      }
      return sum
    }
  }

  /// The first index whose bit is `value`, from `start` on. Complexity: O(count / 64).
  ///
  /// - Precondition: `start` is not negative.
  public func firstIndex(of value: Bool, from start: Int = 0) -> Int? {
    precondition(start >= 0, "bit \(start)")
    return buffer.withUnsafeBytes { bytes in
      var position = offset + start
      let end = offset + count
      // Of the bits that are looked for, those that are set.
      let flips: UInt64 = value ? 0 : .max
      while position < end {
        let shift = position & 7
        let left = end - position
        if left >= 64 - shift, (position >> 3) + 8 <= bytes.count {
          let word = bytes.loadUnaligned(fromByteOffset: position >> 3, as: UInt64.self)
          let found = (UInt64(littleEndian: word) ^ flips) >> UInt64(shift)
          if found != 0 { return position - offset + found.trailingZeroBitCount }
          position += 64 - shift
        } else {
          if (bytes[position >> 3] >> UInt8(shift) & 1 == 1) == value { return position - offset }
          position += 1
        }
      }
      return nil
    }
  }
}
