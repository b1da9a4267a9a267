import Glibc
import NativeLibraries

/// libjpeg-turbo by its TurboJPEG interface.
final class JPEGDecoder {
  private typealias Create = @convention(c) () -> OpaquePointer?
  private typealias Destroy = @convention(c) (OpaquePointer?) -> CInt
  private typealias Decompress =
    @convention(c) (
      OpaquePointer?, UnsafeRawPointer?, CUnsignedLong, UnsafeMutablePointer<UInt8>?, CInt, CInt,
      CInt, CInt, CInt
    ) -> CInt
  private typealias ErrorText = @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
  private typealias ErrorCode = @convention(c) (OpaquePointer?) -> CInt

  /// TurboJPEG's numbers for pixel formats and flags.
  private enum Constant {
    static let rgbx: CInt = 2
    static let cmyk: CInt = 11
    static let accurateDCT: CInt = 4096
    /// Refuses more than 500 scans, which only take time.
    static let limitScans: CInt = 32768
    static let warning: CInt = 0
  }

  private let destroy: Destroy
  private let decompress: Decompress
  private let errorText: ErrorText
  private let errorCode: ErrorCode
  private let handle: OpaquePointer

  /// - Throws: `DynamicLibraryError` when there is no TurboJPEG on this machine.
  init() throws {
    let library = try DynamicLibrary.open(ImageLibraries.jpegSearch())
    let create: Create = try library.function("tjInitDecompress")
    destroy = try library.function("tjDestroy")
    decompress = try library.function("tjDecompress2")
    errorText = try library.function("tjGetErrorStr2")
    errorCode = try library.function("tjGetErrorCode")
    guard let handle = create() else {
      throw library.failure(.badVersion, "does not start")
    }
    self.handle = handle
  }

  deinit { _ = destroy(handle) }

  /// Decodes a file into `memory`; `target` is the size that the image will be resized to.
  func decode(
    _ bytes: UnsafeRawBufferPointer, settings: ImageDecoding, target: (ImageSize) -> ImageSize,
    into memory: PixelMemory
  ) throws(ImageError) -> (image: PixelView, orientation: ExifOrientation) {
    let header = try JPEGHeader(bytes)
    try settings.check(width: header.width, height: header.height)
    var (width, height) = (header.width, header.height)
    if settings.usesDraft {
      let divisor = Self.draftDivisor(of: ImageSize(width: width, height: height), target)
      width = (width + divisor - 1) / divisor
      height = (height + divisor - 1) / divisor
    }
    let image = PixelView(memory.reserve(width * height * 4), width: width, height: height)
    let isCMYK = header.componentCount == 4
    let status = decompress(
      handle, bytes.baseAddress, CUnsignedLong(bytes.count), image.base, CInt(width),
      CInt(image.stride), CInt(height), isCMYK ? Constant.cmyk : Constant.rgbx,
      Constant.accurateDCT | Constant.limitScans)
    if status != 0 { try judge(bytes, header, settings) }
    if isCMYK { Self.convertFromCMYK(image) }
    return (image, settings.appliesOrientation ? header.metadata.orientation : .upright)
  }

  /// What PIL divides by: the largest of 8, 4, 2, 1 with which the image stays large enough.
  private static func draftDivisor(
    of size: ImageSize, _ target: (ImageSize) -> ImageSize
  ) -> Int {
    let target = target(size)
    let ratio = min(size.width / max(target.width, 1), size.height / max(target.height, 1))
    return [8, 4, 2].first { ratio >= $0 } ?? 1
  }

  /// Decides on a call that did not wholly succeed.
  private func judge(
    _ bytes: UnsafeRawBufferPointer, _ header: JPEGHeader, _ settings: ImageDecoding
  ) throws(ImageError) {
    let text = errorText(handle).map { String(cString: $0) } ?? "no reason given"
    guard errorCode(handle) == Constant.warning else {
      throw ImageError(
        .damaged, "the JPEG of \(bytes.count) bytes cannot be decoded: \(text)")
    }
    // libjpeg reports its first warning only, which need not be the one about the end.
    if !header.hasEnd(bytes) {
      if settings.acceptsTruncated { return }
      throw ImageError(
        .truncated,
        "the JPEG is cut off: its \(bytes.count) bytes have no end marker; set acceptsTruncated to "
          + "take what there is")
    }
    if settings.refusesDamaged {
      throw ImageError(.damaged, "the JPEG is damaged: \(text)")
    }
  }

  /// Turns CMYK, stored inverted as Adobe does, into colours by PIL's formula.
  private static func convertFromCMYK(_ image: PixelView) {
    let count = image.width * image.height * 4
    for pixel in stride(from: 0, to: count, by: 4) {
      let key = UInt32(image.base[pixel + 3])
      for channel in 0..<3 {
        let product = (255 - UInt32(image.base[pixel + channel])) * key + 128
        let part = (product >> 8 + product) >> 8
        image.base[pixel + channel] = UInt8(truncatingIfNeeded: key > part ? key - part : 0)
      }
    }
  }
}
