import Glibc
import Tensors

/// Bytes taken in order, each piece as a buffer: read from a stream, or cut from memory.
enum MessageSource {
  case stream(any ByteSource)
  case memory(ArrowBuffer, position: Int)

  /// Up to this size memory is allocated at once; beyond, as lazily committed pages, so that a
  /// damaged length costs nothing before the bytes really come.
  private static let eagerLimit = 1 << 26

  /// The next `count` bytes.
  ///
  /// - Returns: `nil` if the source ends before the first of them.
  /// - Throws: ``ArrowError`` if it ends after the first.
  mutating func take(_ count: Int) throws -> ArrowBuffer? {
    switch self {
    case .memory(let bytes, let position):
      if count > 0, position == bytes.count { return nil }
      guard count <= bytes.count - position else {
        throw Self.truncated(count, bytes.count - position)
      }
      self = .memory(bytes, position: position + count)
      return bytes.slice(position..<position + count)
    case .stream(let source):
      let storage = try Self.allocate(count)
      var filled = 0
      while filled < count {
        let read = try source.read(
          into: UnsafeMutableRawBufferPointer(
            start: storage.baseAddress + filled, count: count - filled))
        if read == 0 {
          if filled == 0 { return nil }
          throw Self.truncated(count, filled)
        }
        filled += read
      }
      return ArrowBuffer(storage)
    }
  }

  private static func truncated(_ expected: Int, _ found: Int) -> ArrowError {
    ArrowError(.truncated, "the stream ends \(expected - found) bytes early")
  }

  private static func allocate(_ count: Int) throws -> TensorStorage {
    if count <= eagerLimit { return MessageMemory.shared.storage(byteCount: count) }
    let pages = mmap(
      nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let pages, pages != MAP_FAILED else {
      throw ArrowError(.limit, "no memory for a message of \(count) bytes")
    }
    let address = UInt(bitPattern: pages)
    return TensorStorage(foreign: pages, byteCount: count) {
      munmap(UnsafeMutableRawPointer(bitPattern: address), count)
    }
  }
}
