/// A block of memory that lives as long as somebody refers to it.
///
/// The memory is either allocated here (64-byte aligned) or foreign (a socket buffer, a runtime's
/// output, a mapped file), in which case a closure gives it back. The bytes are written before the
/// storage is shared and not after; that rule makes it `Sendable`.
public final class TensorStorage: @unchecked Sendable {
  /// The first byte.
  public let baseAddress: UnsafeMutableRawPointer
  /// The number of bytes.
  public let byteCount: Int
  private let release: (@Sendable () -> Void)?

  /// Alignment in bytes of memory allocated here; what Arrow recommends and runtimes like best.
  public static let alignment = 64

  /// Allocates `byteCount` bytes whose contents are undefined.
  public init(byteCount: Int) {
    precondition(byteCount >= 0, "a storage cannot have \(byteCount) bytes")
    baseAddress = .allocate(byteCount: Swift.max(byteCount, 1), alignment: Self.alignment)
    self.byteCount = byteCount
    release = nil
  }

  /// Takes over foreign memory; `release` runs once, when the last reference goes.
  public init(
    foreign baseAddress: UnsafeMutableRawPointer, byteCount: Int,
    release: @escaping @Sendable () -> Void
  ) {
    self.baseAddress = baseAddress
    self.byteCount = byteCount
    self.release = release
  }

  deinit {
    if let release { release() } else { baseAddress.deallocate() }
  }
}
