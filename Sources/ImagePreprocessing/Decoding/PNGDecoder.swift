import CImages
import NativeLibraries

/// libpng by its row interface.
final class PNGDecoder {
  private let functions: [UnsafeMutableRawPointer?]
  private let samples = PixelMemory()

  /// - Throws: `DynamicLibraryError` when there is no libpng on this machine.
  init() throws {
    let library = try DynamicLibrary.open(ImageLibraries.pngSearch())
    var functions: [UnsafeMutableRawPointer?] = []
    while let symbol = needletail_png_symbol(functions.count) {
      let name = String(cString: symbol)
      guard let address = library.address(of: name) else {
        throw library.failure(
          .symbolMissing, "has no function \(name), so it is not libpng 1.6")
      }
      functions.append(address)
    }
    self.functions = functions
  }

  /// Decodes a file into `memory`.
  func decode(
    _ bytes: UnsafeRawBufferPointer, settings: ImageDecoding, into memory: PixelMemory
  ) throws(ImageError) -> (image: PixelView, orientation: ExifOrientation) {
    let header = try PNGHeader(bytes)
    try settings.check(width: header.width, height: header.height)
    let count = header.width * header.height
    let image = PixelView(memory.reserve(count * 4), width: header.width, height: header.height)
    let sampleBytes = count * header.bytesPerPixel
    let isColour = header.bytesPerPixel == 4
    let target = isColour ? image.base : samples.reserve(sampleBytes)
    if settings.acceptsTruncated { target.update(repeating: 0, count: sampleBytes) }

    var description = needletail_png_image()
    description.width = UInt32(header.width)
    description.height = UInt32(header.height)
    let succeeded = functions.withUnsafeBufferPointer { functions in
      needletail_png_decode(
        functions.baseAddress, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count,
        &description, target, sampleBytes)
    }
    if succeeded == 0 { try judge(bytes, description, settings) }
    switch header.colorType {
    case 0 where header.bitDepth == 16: Self.expandWide(samples.base, to: image)
    case 0: Self.expand(samples.base, stride: 1, colors: Self.greys(header.bitDepth), to: image)
    case 3: Self.expand(samples.base, stride: 1, colors: Self.palette(description), to: image)
    case 4: Self.expand(samples.base, stride: 2, colors: Self.greys(8), to: image)
    default: break
    }
    guard settings.appliesOrientation else { return (image, .upright) }
    return (image, ImageMetadata(png: bytes).orientation)
  }

  private func judge(
    _ bytes: UnsafeRawBufferPointer, _ description: needletail_png_image, _ settings: ImageDecoding
  ) throws(ImageError) {
    guard description.is_truncated != 0 else {
      let text = withUnsafeBytes(of: description.message) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw ImageError(.damaged, "the PNG of \(bytes.count) bytes cannot be decoded: \(text)")
    }
    if settings.acceptsTruncated { return }
    throw ImageError(
      .truncated,
      "the PNG is cut off: its \(bytes.count) bytes end before the image does; set "
        + "acceptsTruncated to take what there is")
  }

  /// The pixels for samples of `bits` bits, spread over 0 to 255.
  private static func greys(_ bits: UInt8) -> [UInt32] {
    let greatest = (UInt32(1) << UInt32(bits)) - 1
    return (0..<UInt32(256)).map { sample in
      let grey = min(sample, greatest) * (255 / greatest)
      return (grey << 16 | grey << 8 | grey).littleEndian
    }
  }

  /// The pixels for palette indices. Those past the palette's end are greys, as in PIL.
  private static func palette(_ description: needletail_png_image) -> [UInt32] {
    withUnsafeBytes(of: description.palette) { entries in
      (0..<256).map { index in
        guard index < Int(description.palette_count) else {
          let grey = UInt32(index)
          return (grey << 16 | grey << 8 | grey).littleEndian
        }
        let entry = index * 3
        return
          (UInt32(entries[entry]) | UInt32(entries[entry + 1]) << 8 | UInt32(entries[entry + 2])
          << 16).littleEndian
      }
    }
  }

  private static func expand(
    _ samples: UnsafePointer<UInt8>, stride: Int, colors: [UInt32], to image: PixelView
  ) {
    let pixels = UnsafeMutableRawPointer(image.base)
    colors.withUnsafeBufferPointer { colors in
      for index in 0..<image.width * image.height {
        pixels.storeBytes(
          of: colors[Int(samples[index * stride])], toByteOffset: index * 4, as: UInt32.self)
      }
    }
  }

  /// 16-bit greys: PIL keeps them as they are, and cuts them off at 255 when they become colours.
  private static func expandWide(_ samples: UnsafePointer<UInt8>, to image: PixelView) {
    let pixels = UnsafeMutableRawPointer(image.base)
    for index in 0..<image.width * image.height {
      let grey = samples[index * 2] == 0 ? UInt32(samples[index * 2 + 1]) : 255
      pixels.storeBytes(
        of: (grey << 16 | grey << 8 | grey).littleEndian, toByteOffset: index * 4, as: UInt32.self)
    }
  }
}
