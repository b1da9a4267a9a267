package import NIOCore

/// How gRPC frames a message: before it stand a byte that tells whether it is compressed, and its length
/// in 32 bits.
package enum GRPCMessage {
  /// The bytes before a message.
  package static let prefixLength = 5
  /// The most bytes of a message: with its prefix it fits in one buffer, which counts in 32 bits.
  package static let maxByteCount = Int(UInt32.max) - prefixLength - 1
}

extension ByteBuffer {
  /// Appends a message that is not compressed, behind its prefix.
  ///
  /// - Parameters:
  ///   - byteCount: its length, at most ``GRPCMessage/maxByteCount``.
  ///   - write: writes as many bytes to where they are sent from.
  package mutating func writeGRPCMessage(
    byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    reserveCapacity(minimumWritableBytes: GRPCMessage.prefixLength + byteCount)
    writeInteger(UInt8(0))
    writeInteger(UInt32(byteCount))
    writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { room in
      write(UnsafeMutableRawBufferPointer(rebasing: room[..<byteCount]))
      return byteCount
    }
  }
}
