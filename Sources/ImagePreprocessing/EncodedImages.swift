public import Tensors

/// A batch of image files: what a binary column of Spark, such as `content` of its `binaryFile`
/// source, arrives as. `ArrowColumn` hands out the received bytes themselves; `StringTensor`,
/// `[[UInt8]]` and `[[UInt8]?]` are copies.
public protocol EncodedImages {
  /// The number of images, nulls included.
  var imageCount: Int { get }

  /// Lends the bytes of image `row` to `body`; `nil` if there is none.
  func withImage<Result>(
    _ row: Int, _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result

  /// Why this cannot be a batch of images at all; `nil` if it can.
  var mismatch: String? { get }
}

extension EncodedImages {
  public var mismatch: String? { nil }
}

extension StringTensor: EncodedImages {
  public var imageCount: Int { count }

  public func withImage<Result>(
    _ row: Int, _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    try bytes.withUnsafeBytes { try body(.init(rebasing: $0[offsets[row]..<offsets[row + 1]])) }
  }
}

/// Bytes, or none.
public protocol EncodedImage {
  /// Lends the bytes to `body`; `nil` if there are none.
  func withImage<Result>(_ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows -> Result
}

extension Array: EncodedImage where Element == UInt8 {
  public func withImage<Result>(
    _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    try withUnsafeBytes { try body($0) }
  }
}

extension Optional: EncodedImage where Wrapped: EncodedImage {
  public func withImage<Result>(
    _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    guard let self else { return try body(nil) }
    return try self.withImage(body)
  }
}

extension Array: EncodedImages where Element: EncodedImage {
  public var imageCount: Int { count }

  public func withImage<Result>(
    _ row: Int, _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    try self[row].withImage(body)
  }
}
