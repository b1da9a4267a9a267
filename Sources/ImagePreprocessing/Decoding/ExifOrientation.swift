/// How an image must be turned to stand upright; the values are those of EXIF's tag 0x0112.
enum ExifOrientation: Int {
  case upright = 1
  case mirrored, upsideDown, flipped, transposed, turnedLeft, transversed, turnedRight

  /// Whether width and height change places.
  var swapsSides: Bool { rawValue >= 5 }

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
