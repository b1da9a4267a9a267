/// How image files are read.
public struct ImageDecoding: Sendable, Hashable {
  /// Images with more pixels are refused before anything is decoded, lest a small file fill the
  /// memory; decoding takes four bytes a pixel, progressive JPEG ten. PIL warns at the same number.
  public var maximumPixelCount = 89_478_485
  /// Whether an image whose data ends early is taken, with what is missing grey (JPEG) or black
  /// (PNG, whose last, incomplete chunk is not used), rather than refused; PIL's
  /// `LOAD_TRUNCATED_IMAGES`.
  public var acceptsTruncated = false
  /// Whether JPEG data that the decoder can only guess at is refused. By default it is taken, as
  /// PIL does.
  public var refusesDamaged = false
  /// Whether images are turned upright as their EXIF data say, or XMP where these say nothing (PIL's
  /// `ImageOps.exif_transpose`). PIL does not do so by itself.
  public var appliesOrientation = false
  /// Whether large JPEGs are decoded at a half, a quarter or an eighth of their size if that is
  /// still no smaller than what they are resized to: faster, less exact. PIL's `Image.draft`.
  public var usesDraft = false

  public init() {}

  /// PIL's defaults.
  public static let standard = ImageDecoding()

  /// - Throws: ``ImageError`` if the image has no pixels, or too many.
  func check(width: Int, height: Int) throws(ImageError) {
    guard width > 0, height > 0 else {
      throw ImageError(.badDimensions, "the image has no pixels: its size is \(width)x\(height)")
    }
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, count <= maximumPixelCount else {
      throw ImageError(
        .badDimensions,
        "the image is \(width)x\(height), more than the allowed \(maximumPixelCount) pixels; raise "
          + "maximumPixelCount if it is not a decompression bomb")
    }
  }
}
