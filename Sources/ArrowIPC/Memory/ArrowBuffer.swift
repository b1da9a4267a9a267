public import Tensors

/// A run of immutable bytes within a block of memory that it keeps alive.
///
/// Slicing is free. A buffer decoded from a stream is a view over the received message.
public struct ArrowBuffer: Sendable {
  /// The memory behind the bytes.
  public let storage: TensorStorage
  /// Where in ``storage`` the bytes begin.
  public let byteOffset: Int
  /// The number of bytes.
  public let count: Int

  /// No bytes.
  public static let empty = ArrowBuffer(TensorStorage(byteCount: 0))

  /// All bytes of `storage`.
  public init(_ storage: TensorStorage) {
    self.storage = storage
    byteOffset = 0
    count = storage.byteCount
  }

  /// The bytes of `storage` in `range`.
  ///
  /// - Precondition: `range` lies within the storage.
  public init(_ storage: TensorStorage, range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= storage.byteCount,
      "bytes \(range) outside a storage of \(storage.byteCount)")
    self.storage = storage
    byteOffset = range.lowerBound
    count = range.count
  }

  /// A copy of the bytes of `pieces`, one behind the other.
  init(concatenating pieces: [ArrowBuffer]) {
    let storage = TensorStorage(byteCount: pieces.reduce(0) { $0 + $1.count })
    var position = 0
    for piece in pieces {
      piece.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress, bytes.count > 0 {
          (storage.baseAddress + position).copyMemory(from: base, byteCount: bytes.count)
        }
      }
      position += piece.count
    }
    self.init(storage)
  }

  /// A copy of the memory of `elements`.
  public init<Element: BitwiseCopyable>(copying elements: [Element]) {
    let bytes = elements.count * MemoryLayout<Element>.stride
    let storage = TensorStorage(byteCount: bytes)
    elements.withUnsafeBytes { source in
      if let base = source.baseAddress, bytes > 0 {
        storage.baseAddress.copyMemory(from: base, byteCount: bytes)
      }
    }
    self.init(storage)
  }

  /// The bytes in `range`, which counts from the start of this buffer.
  ///
  /// - Precondition: `range` lies within the buffer.
  public func slice(_ range: Range<Int>) -> ArrowBuffer {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "slice outside the buffer")
    return ArrowBuffer(
      storage, range: byteOffset + range.lowerBound..<byteOffset + range.upperBound)
  }

  /// The bytes, borrowed for the length of `body`.
  ///
  /// - Throws: what `body` throws.
  @inlinable
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeRawBufferPointer(start: storage.baseAddress + byteOffset, count: count))
  }

  /// The bytes as elements of a fixed-width type, borrowed for the length of `body`; trailing bytes
  /// that make no whole element are left out.
  ///
  /// - Precondition: the first byte is aligned for `Element` (decoded streams are).
  /// - Throws: what `body` throws.
  @inlinable
  public func withElements<Element: BitwiseCopyable, Result, Failure: Error>(
    of type: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    let start = UnsafeRawPointer(storage.baseAddress + byteOffset)
    precondition(
      Int(bitPattern: start) % MemoryLayout<Element>.alignment == 0, "unaligned Arrow buffer")
    return try body(
      UnsafeBufferPointer(
        start: start.assumingMemoryBound(to: Element.self),
        count: count / MemoryLayout<Element>.stride))
  }
}
