/// Where a stream of bytes comes from: a socket, a file.
public protocol ByteSource: AnyObject {
  /// Reads at least one byte, at most as many as `memory` holds; returns their number, 0 at the end.
  ///
  /// - Throws: why there are no more bytes although the end was not reached.
  func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Where a stream of bytes goes: a socket, a file, memory.
public protocol ByteSink: AnyObject {
  /// Writes all of `buffers`, one after the other.
  ///
  /// - Throws: why the bytes could not be written.
  func write(_ buffers: [ArrowBuffer]) throws
}

/// A sink that keeps everything in memory.
public final class MemorySink: ByteSink {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public func write(_ buffers: [ArrowBuffer]) throws {
    for buffer in buffers { buffer.withUnsafeBytes { bytes.append(contentsOf: $0) } }
  }
}
