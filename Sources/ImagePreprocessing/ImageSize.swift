/// The dimensions of an image in pixels.
public struct ImageSize: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Pixels from left to right.
  public var width: Int
  /// Pixels from top to bottom.
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// A square image.
  public init(_ side: Int) { self.init(width: side, height: side) }

  public var description: String { "\(width)x\(height)" }
}

/// A part of an image in pixels, counted from the upper left corner.
public struct ImageRegion: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Pixels between the left edge and the part.
  public var x: Int
  /// Pixels between the upper edge and the part.
  public var y: Int
  /// How much the part covers.
  public var size: ImageSize

  /// The part whose upper left corner is at (`x`, `y`).
  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    size = ImageSize(width: width, height: height)
  }

  /// Whether the region has pixels and all of them lie within an image of this size.
  func lies(within image: ImageSize) -> Bool {
    x >= 0 && y >= 0 && size.width > 0 && size.height > 0 && size.width <= image.width
      && size.height <= image.height && x <= image.width - size.width
      && y <= image.height - size.height
  }

  public var description: String { "\(size) at (\(x), \(y))" }
}
