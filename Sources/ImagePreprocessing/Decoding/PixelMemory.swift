/// Memory that grows to the largest image it has held and is used again for the next.
final class PixelMemory {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int

  /// Bytes behind the last pixel that may be read: inner loops load whole groups of pixels.
  static let slack = 16

  init() {
    capacity = 0
    base = Self.allocate(0)
  }

  deinit { base.deallocate() }

  /// Room for `byteCount` bytes, whose contents are undefined.
  func reserve(_ byteCount: Int) -> UnsafeMutablePointer<UInt8> {
    if byteCount > capacity {
      base.deallocate()
      base = Self.allocate(byteCount)
      capacity = byteCount
    }
    return base
  }

  /// Room for `count` elements of another type, whose contents are undefined.
  func reserve<Element: BitwiseCopyable>(
    _ count: Int, of type: Element.Type
  ) -> UnsafeMutablePointer<Element> {
    let bytes = reserve(count * MemoryLayout<Element>.stride)
    return UnsafeMutableRawPointer(bytes).bindMemory(to: Element.self, capacity: count)
  }

  private static func allocate(_ byteCount: Int) -> UnsafeMutablePointer<UInt8> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount + slack, alignment: 64)
    return memory.bindMemory(to: UInt8.self, capacity: byteCount + slack)
  }
}

/// An image in borrowed memory: four bytes a pixel, of which the last means nothing.
struct PixelView {
  var base: UnsafeMutablePointer<UInt8>
  var width: Int
  var height: Int
  /// The distance from one row to the next in bytes.
  var stride: Int

  init(_ base: UnsafeMutablePointer<UInt8>, width: Int, height: Int, stride: Int? = nil) {
    self.base = base
    self.width = width
    self.height = height
    self.stride = stride ?? width * 4
  }

  var size: ImageSize { ImageSize(width: width, height: height) }

  func row(_ y: Int) -> UnsafeMutablePointer<UInt8> { base + y * stride }

  /// The part of the image in `region`, which must lie within it.
  func cropped(to region: ImageRegion) -> PixelView {
    PixelView(
      base + region.y * stride + region.x * 4, width: region.size.width,
      height: region.size.height, stride: stride)
  }

  /// Replaces all colours by their brightness, as PIL weighs them (ITU-R 601-2 in 16-bit fixed
  /// point).
  func turnGrey() {
    for y in 0..<height {
      let pixels = row(y)
      for x in Swift.stride(from: 0, to: width * 4, by: 4) {
        let sum =
          UInt32(pixels[x]) &* 19595 &+ UInt32(pixels[x + 1]) &* 38470 &+ UInt32(pixels[x + 2])
          &* 7471
        let brightness = UInt8(truncatingIfNeeded: (sum &+ 0x8000) >> 16)
        pixels[x] = brightness
        pixels[x + 1] = brightness
        pixels[x + 2] = brightness
      }
    }
  }
}
