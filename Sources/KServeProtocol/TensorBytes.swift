public import Tensors

/// Consecutive bytes of a storage that it keeps alive: a tensor's contents, or a message's body.
public struct TensorBytes: Sendable {
  /// The owner of the memory.
  public let storage: TensorStorage
  /// Where the bytes begin in ``storage``.
  public let byteOffset: Int
  /// The number of bytes.
  public let byteCount: Int

  /// All of `storage`.
  public init(_ storage: TensorStorage) {
    self.storage = storage
    byteOffset = 0
    byteCount = storage.byteCount
  }

  /// `byteCount` bytes of `storage`, `byteOffset` in.
  ///
  /// - Precondition: they lie within the storage.
  public init(_ storage: TensorStorage, byteOffset: Int, byteCount: Int) {
    precondition(
      byteOffset >= 0 && byteCount >= 0 && byteOffset <= storage.byteCount
        && byteCount <= storage.byteCount - byteOffset,
      "bytes \(byteOffset) and \(byteCount) on lie outside a storage of \(storage.byteCount)")
    self.storage = storage
    self.byteOffset = byteOffset
    self.byteCount = byteCount
  }

  /// A copy of `bytes` in memory aligned for every element type.
  public init(copying bytes: UnsafeRawBufferPointer) {
    let storage = TensorStorage(byteCount: bytes.count)
    UnsafeMutableRawBufferPointer(start: storage.baseAddress, count: bytes.count)
      .copyMemory(from: bytes)
    self.init(storage)
  }

  /// A copy of `bytes` in memory aligned for every element type.
  public init(copying bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { Self(copying: $0) }
  }

  /// The bytes, borrowed for the length of `body`.
  ///
  /// - Throws: what `body` throws.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeRawBufferPointer(start: storage.baseAddress + byteOffset, count: byteCount))
  }

  /// The bytes of `range`, counted from the first of these.
  ///
  /// - Precondition: `range` lies within these bytes.
  public func slice(_ range: Range<Int>) -> TensorBytes {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= byteCount,
      "bytes \(range) lie outside a slice of \(byteCount)")
    return TensorBytes(
      storage, byteOffset: byteOffset + range.lowerBound, byteCount: range.count)
  }

  /// Whether the first byte's address is a multiple of `alignment`.
  public func isAligned(to alignment: Int) -> Bool {
    Int(bitPattern: storage.baseAddress + byteOffset) % alignment == 0
  }
}

extension TensorStorage {
  /// The bytes to leave free before `count` bytes so that what follows these is aligned.
  package static func lead(before count: Int) -> Int { (alignment - count % alignment) % alignment }
}
