/// Decodes image files one after the other, with memory that all of them share.
final class ImageDecoder {
  private let settings: ImageDecoding
  private let pixels = PixelMemory()
  private let turned = PixelMemory()
  private var jpeg: JPEGDecoder?
  private var png: PNGDecoder?

  init(_ settings: ImageDecoding) { self.settings = settings }

  /// The image in `bytes`; it stays valid until the next call.
  ///
  /// - Parameter target: the size that an image of a given size will be resized to.
  /// - Throws: ``ImageError``; `DynamicLibraryError` when the library for the format is missing.
  func decode(
    _ bytes: UnsafeRawBufferPointer, target: (ImageSize) -> ImageSize
  ) throws -> PixelView {
    let result: (image: PixelView, orientation: ExifOrientation)
    switch ImageFormat(bytes) {
    case .jpeg:
      let decoder = try jpeg ?? JPEGDecoder()
      jpeg = decoder
      result = try decoder.decode(bytes, settings: settings, target: target, into: pixels)
    case .png:
      let decoder = try png ?? PNGDecoder()
      png = decoder
      result = try decoder.decode(bytes, settings: settings, into: pixels)
    case .other(let name):
      throw ImageError(
        .unsupportedFormat,
        "the value is \(name) (\(bytes.count) bytes); JPEG and PNG are supported, convert it first")
    case .unknown where bytes.isEmpty:
      throw ImageError(.missing, "the value has no bytes; was the file read as binary?")
    case .unknown:
      let digits = bytes.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
      throw ImageError(
        .unsupportedFormat,
        "the value is no JPEG or PNG: it has \(bytes.count) bytes that begin with "
          + digits.joined(separator: " "))
    }
    guard settings.appliesOrientation, result.orientation != .upright else { return result.image }
    return result.orientation.apply(to: result.image, into: turned)
  }
}
