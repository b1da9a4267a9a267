#if Images
public import ArrowIPC
public import ImagePreprocessing

extension ArrowColumn: EncodedImages {
  public var imageCount: Int { count }

  public func withImage<Result>(
    _ row: Int, _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    guard type.isBinary, !isNull(row) else { return try body(nil) }
    return try withBytes(row) { try body($0) }
  }

  public var mismatch: String? {
    type.isBinary ? nil : "the column is \(type), images are binary"
  }
}
#endif
