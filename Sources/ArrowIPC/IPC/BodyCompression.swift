import Glibc
import Tensors

/// How the buffers of a message body are compressed: each on its own, behind its uncompressed length
/// as a 64-bit number (−1: stored as it is).
public enum BodyCompression: Int8, Sendable, Hashable, CaseIterable {
  case lz4Frame, zstd

  /// A buffer that would grow beyond this is refused: 4 GiB.
  static let maximumLength: Int64 = 1 << 32

  /// How many bytes one byte may at most become: LZ4's lengths grow by 255 a byte, and four bytes of
  /// ZSTD can repeat a byte over a block of 128 KiB.
  private var greatestExpansion: Int64 {
    switch self {
    case .lz4Frame: 256
    case .zstd: 40_000
    }
  }

  /// The content of a compressed buffer.
  ///
  /// - Throws: ``ArrowError`` if the content is damaged, or the system's library for it is missing.
  func decompress(_ buffer: ArrowBuffer) throws -> ArrowBuffer {
    guard buffer.count >= 8 else {
      throw ArrowError(.malformed, "a compressed buffer of \(buffer.count) bytes has no length")
    }
    let length = Int64(littleEndian: buffer.load(Int64.self))
    let content = buffer.slice(8..<buffer.count)
    if length == -1 { return content }
    guard length >= 0 else { throw ArrowError(.malformed, "an uncompressed length of \(length)") }
    // Java writes the length alone where a column has no bytes, for example one of empty strings.
    if length == 0, content.count == 0 { return .empty }
    guard length <= Self.maximumLength else {
      throw ArrowError(.limit, "a buffer says that it expands to \(length) bytes")
    }
    let codec = try CompressionLibrary.library(for: self)
    // A lying length must not make us allocate; memory is only committed as far as it is written.
    guard length / greatestExpansion <= Int64(content.count) else {
      throw ArrowError(
        .malformed, "\(content.count) compressed bytes cannot expand to \(length)")
    }
    let output = TensorStorage(byteCount: Int(length))
    let written = try content.withUnsafeBytes { input in
      try codec.decompress(
        input, UnsafeMutableRawBufferPointer(start: output.baseAddress, count: Int(length)))
    }
    guard written == Int(length) else {
      throw ArrowError(
        .malformed, "a compressed buffer expands to \(written) bytes, it says \(length)")
    }
    return ArrowBuffer(output)
  }

  /// `buffer` compressed, its uncompressed length first; stored as it is where that is no longer.
  ///
  /// - Throws: ``ArrowError`` if the system's library for it is missing or refuses.
  func compress(_ buffer: ArrowBuffer) throws -> ArrowBuffer {
    let codec = try CompressionLibrary.library(for: self)
    let bound = codec.bound(buffer.count)
    let output = TensorStorage(byteCount: 8 + bound)
    let written = try buffer.withUnsafeBytes { input in
      try codec.compress(
        input, UnsafeMutableRawBufferPointer(start: output.baseAddress + 8, count: bound))
    }
    if written < buffer.count {
      output.baseAddress.storeBytes(of: Int64(buffer.count).littleEndian, as: Int64.self)
      return ArrowBuffer(output, range: 0..<8 + written)
    }
    let mark = ArrowBuffer(copying: [Int64(-1).littleEndian])
    return ArrowBuffer(concatenating: [mark, buffer])
  }
}

/// The system's compression library behind one codec, opened when first needed.
private struct CompressionLibrary: Sendable {
  let decompress: @Sendable (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) throws -> Int
  let compress: @Sendable (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) throws -> Int
  let bound: @Sendable (Int) -> Int

  private static let lz4 = Result { try openLZ4() }
  private static let zstd = Result { try openZSTD() }

  static func library(for compression: BodyCompression) throws -> CompressionLibrary {
    switch compression {
    case .lz4Frame: try lz4.get()
    case .zstd: try zstd.get()
    }
  }

  private struct Symbols: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
    let name: String

    init(_ name: String, package: String, codec: String) throws {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
        throw ArrowError(
          .unsupported,
          "the data is compressed with \(codec), and the system library \(name) is missing; "
            + "install it (Debian: apt-get install \(package)) or write the data uncompressed")
      }
      self.handle = handle
      self.name = name
    }

    func callAsFunction<Function>(_ symbol: String, as: Function.Type) throws -> Function {
      guard let address = dlsym(handle, symbol) else {
        throw ArrowError(.unsupported, "the system library \(name) has no function \(symbol)")
      }
      return unsafeBitCast(address, to: Function.self)
    }
  }

  private typealias ErrorCheck = @convention(c) (Int) -> UInt32
  private typealias Bound = @convention(c) (Int) -> Int

  private static func openZSTD() throws -> CompressionLibrary {
    let symbol = try Symbols("libzstd.so.1", package: "libzstd1", codec: "ZSTD")
    let decompress = try symbol(
      "ZSTD_decompress",
      as: (@convention(c) (UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int) -> Int).self)
    let compress = try symbol(
      "ZSTD_compress",
      as: (@convention(c) (UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int, Int32) -> Int)
        .self)
    let isError = try symbol("ZSTD_isError", as: ErrorCheck.self)
    let bound = try symbol("ZSTD_compressBound", as: Bound.self)
    return CompressionLibrary(
      decompress: { input, output in
        let size = decompress(output.baseAddress, output.count, input.baseAddress, input.count)
        guard isError(size) == 0 else { throw ArrowError(.malformed, "damaged ZSTD data") }
        return size
      },
      compress: { input, output in
        let size = compress(output.baseAddress, output.count, input.baseAddress, input.count, 1)
        guard isError(size) == 0 else { throw ArrowError(.limit, "ZSTD could not compress") }
        return size
      },
      bound: { bound($0) })
  }

  private static func openLZ4() throws -> CompressionLibrary {
    let symbol = try Symbols("liblz4.so.1", package: "liblz4-1", codec: "LZ4")
    let version: UInt32 = 100
    let create = try symbol(
      "LZ4F_createDecompressionContext",
      as: (@convention(c) (UnsafeMutablePointer<OpaquePointer?>, UInt32) -> Int).self)
    let release = try symbol(
      "LZ4F_freeDecompressionContext", as: (@convention(c) (OpaquePointer?) -> Int).self)
    let decompress = try symbol(
      "LZ4F_decompress",
      as: (@convention(c) (
        OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>, UnsafeRawPointer?,
        UnsafeMutablePointer<Int>, UnsafeRawPointer?
      ) -> Int).self)
    let compress = try symbol(
      "LZ4F_compressFrame",
      as: (@convention(c) (
        UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int, UnsafeRawPointer?
      ) -> Int).self)
    let bound = try symbol(
      "LZ4F_compressFrameBound", as: (@convention(c) (Int, UnsafeRawPointer?) -> Int).self)
    let isError = try symbol("LZ4F_isError", as: ErrorCheck.self)
    return CompressionLibrary(
      decompress: { input, output in
        var context: OpaquePointer?
        guard isError(create(&context, version)) == 0 else {
          throw ArrowError(.limit, "LZ4 could not be started")
        }
        defer { _ = release(context) }
        var (read, written) = (0, 0)
        var pending = 1
        while pending != 0 {
          var (consumed, produced) = (input.count - read, output.count - written)
          pending = decompress(
            context, output.baseAddress.map { $0 + written }, &produced,
            input.baseAddress.map { $0 + read }, &consumed, nil)
          guard isError(pending) == 0 else { throw ArrowError(.malformed, "damaged LZ4 data") }
          read += consumed
          written += produced
          if pending != 0, consumed == 0, produced == 0 {
            throw ArrowError(.malformed, "LZ4 data that ends early or exceeds its length")
          }
        }
        return written
      },
      compress: { input, output in
        let size = compress(
          output.baseAddress, output.count, input.baseAddress, input.count, nil)
        guard isError(size) == 0 else { throw ArrowError(.limit, "LZ4 could not compress") }
        return size
      },
      bound: { bound($0, nil) })
  }
}
