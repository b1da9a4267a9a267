import ArrowIPC

/// Reads what ``WireBytes`` writes, and takes no length at its word.
///
/// Every failure is a ``WorkerError`` that names the field and its position.
struct WireReader {
  private let source: any ByteSource
  /// Bytes that may still come, `nil` if nobody said how many.
  private(set) var remaining: Int?
  /// Bytes taken so far.
  private(set) var position = 0

  /// The longest text or command taken, in bytes.
  static let maximumLength = 1 << 28
  /// The greatest number of entries of a list.
  static let maximumCount = 1 << 20
  /// What is read at once, so that memory only grows with what really arrives.
  private static let piece = 1 << 16

  /// - Parameter limit: how many bytes `source` will give, if known.
  init(_ source: any ByteSource, limit: Int? = nil) {
    self.source = source
    remaining = limit
  }

  mutating func int32(_ field: String) throws(WorkerError) -> Int32 { try integer(field) }
  mutating func int64(_ field: String) throws(WorkerError) -> Int64 { try integer(field) }

  private mutating func integer<Number: FixedWidthInteger>(
    _ field: String
  ) throws(WorkerError) -> Number {
    let size = MemoryLayout<Number>.size
    return try bytes(size, field).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
  }

  mutating func bool(_ field: String) throws(WorkerError) -> Bool {
    let start = position
    switch try bytes(1, field)[0] {
    case 0: return false
    case 1: return true
    case let byte: throw invalid(field, at: start, "is \(byte), expected 0 or 1")
    }
  }

  /// The number of entries of a list.
  mutating func count(_ field: String) throws(WorkerError) -> Int {
    let start = position
    let count = Int(try int32(field))
    guard (0...min(Self.maximumCount, remaining ?? .max)).contains(count) else {
      throw invalid(field, at: start, "is \(count), which cannot be a number of entries here")
    }
    return count
  }

  /// A length and as many bytes.
  mutating func counted(_ field: String) throws(WorkerError) -> [UInt8] {
    let start = position
    let length = Int(try int32(field))
    guard (0...Self.maximumLength).contains(length), length <= remaining ?? .max else {
      throw invalid(field, at: start, "has the length \(length), which cannot be one here")
    }
    return try bytes(length, field)
  }

  mutating func text(_ field: String) throws(WorkerError) -> String {
    let start = position
    let bytes = try counted(field)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw invalid(field, at: start, "is not UTF-8")
    }
    return text
  }

  mutating func bytes(_ count: Int, _ field: String) throws(WorkerError) -> [UInt8] {
    if let remaining, count > remaining {
      throw invalid(field, at: position, "needs \(count) bytes, \(remaining) are left")
    }
    var bytes: [UInt8] = []
    while bytes.count < count {
      let wanted = min(count - bytes.count, Self.piece)
      var failure: (any Error)?
      let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        do {
          filled = try source.read(
            into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: wanted))
        } catch { failure = error }
      }
      if let failure {
        throw failure as? WorkerError
          ?? WorkerError(.connectionClosed, "\(failure)", cause: failure)
      }
      if piece.isEmpty {
        throw invalid(field, at: position, "is cut off: the bytes end at \(position + bytes.count)")
      }
      bytes += piece
    }
    position += count
    remaining = remaining.map { $0 - count }
    return bytes
  }

  func invalid(
    _ field: String, at position: Int, _ problem: String, cause: (any Error)? = nil
  ) -> WorkerError {
    WorkerError(.invalidInitialization, "\(field) (byte \(position)) \(problem)", cause: cause)
  }
}

/// Bytes in memory as a source.
package final class MemorySource: ByteSource {
  private var rest: ArraySlice<UInt8>

  package init(_ bytes: [UInt8]) { rest = bytes[...] }

  package func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(memory.count, rest.count)
    memory.copyBytes(from: rest.prefix(count))
    rest = rest.dropFirst(count)
    return count
  }
}

/// Passes on what another source gives, and keeps it.
final class RecordingSource: ByteSource {
  private let source: any ByteSource
  /// All that was read.
  private(set) var bytes: [UInt8] = []

  init(_ source: any ByteSource) { self.source = source }

  func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try source.read(into: memory)
    bytes += memory.prefix(count)
    return count
  }
}
