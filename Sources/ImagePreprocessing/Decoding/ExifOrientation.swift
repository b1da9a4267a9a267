/// How an image must be turned to stand upright; the values are those of EXIF's tag 0x0112.
enum ExifOrientation: Int {
  case upright = 1
  case mirrored, upsideDown, flipped, transposed, turnedLeft, transversed, turnedRight

  /// Whether width and height change places.
  var swapsSides: Bool { rawValue >= 5 }

  /// The orientation in a TIFF structure, which is what EXIF data are; upright if there is none.
  init(tiff: UnsafeRawBufferPointer) {
    self = Self.find(tiff) ?? .upright
  }

  private static func find(_ tiff: UnsafeRawBufferPointer) -> ExifOrientation? {
    guard tiff.count >= 8 else { return nil }
    let isLittleEndian: Bool
    switch (tiff[0], tiff[1]) {
    case (0x49, 0x49): isLittleEndian = true
    case (0x4D, 0x4D): isLittleEndian = false
    default: return nil
    }
    func number(_ offset: Int, bytes: Int) -> Int? {
      guard offset >= 0, offset <= tiff.count - bytes else { return nil }
      return (0..<bytes).reduce(0) { value, index in
        let byte = Int(tiff[offset + (isLittleEndian ? bytes - 1 - index : index)])
        return value << 8 | byte
      }
    }
    guard let directory = number(4, bytes: 4), let count = number(directory, bytes: 2) else {
      return nil
    }
    for index in 0..<count {
      let entry = directory + 2 + index * 12
      guard let tag = number(entry, bytes: 2) else { return nil }
      // Type 3 is a 16-bit number, which stands in the entry itself.
      if tag == 0x0112, number(entry + 2, bytes: 2) == 3 {
        return number(entry + 8, bytes: 2).flatMap(ExifOrientation.init(rawValue:))
      }
    }
    return nil
  }

  /// Copies `image`, turned, to `memory`.
  func apply(to image: PixelView, into memory: PixelMemory) -> PixelView {
    let (width, height) = swapsSides ? (image.height, image.width) : (image.width, image.height)
    let result = PixelView(memory.reserve(width * height * 4), width: width, height: height)
    let right = image.width - 1
    let bottom = image.height - 1
    // Where the pixel for (0, 0) comes from, and how the source moves with x and with y.
    let (x, y, along, down): (Int, Int, (Int, Int), (Int, Int)) =
      switch self {
      case .upright: (0, 0, (1, 0), (0, 1))
      case .mirrored: (right, 0, (-1, 0), (0, 1))
      case .upsideDown: (right, bottom, (-1, 0), (0, -1))
      case .flipped: (0, bottom, (1, 0), (0, -1))
      case .transposed: (0, 0, (0, 1), (1, 0))
      case .turnedLeft: (0, bottom, (0, -1), (1, 0))
      case .transversed: (right, bottom, (0, -1), (-1, 0))
      case .turnedRight: (right, 0, (0, 1), (-1, 0))
      }
    let step = along.0 * 4 + along.1 * image.stride
    for line in 0..<height {
      var source = image.base + (y + down.1 * line) * image.stride + (x + down.0 * line) * 4
      let target = UnsafeMutableRawPointer(result.row(line))
      for column in 0..<width {
        (target + column * 4).copyMemory(from: source, byteCount: 4)
        source += step
      }
    }
    return result
  }
}
