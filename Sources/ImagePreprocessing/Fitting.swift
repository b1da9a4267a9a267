/// How an image of any proportions fills a tensor of fixed size.
public enum Fitting: Sendable, Hashable {
  /// Resized to the tensor's size, proportions ignored: PIL's `resize`, Keras' `Resizing`.
  case stretch
  /// Resized so that the shorter side has this many pixels, and the middle cut out: torchvision's
  /// `Resize(n)` and `CenterCrop`. Where the resized image is smaller than the tensor, black
  /// remains around it.
  case centerCrop(shorterSide: Int)
  /// The middle of the image, as much of it as has the tensor's proportions, resized: PIL's
  /// `ImageOps.fit`; with TensorFlow's resampling, Keras' `crop_to_aspect_ratio`.
  case cover
  /// Resized to lie wholly within the tensor, in the middle, on a background (letterbox): PIL's
  /// `ImageOps.pad`.
  case contain(background: PixelColor = .black)
}

/// A colour, each part from 0 to 255.
public struct PixelColor: Sendable, Hashable, Codable {
  /// The share of red.
  public var red: UInt8
  /// The share of green.
  public var green: UInt8
  /// The share of blue.
  public var blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// A grey.
  public init(grey: UInt8) { self.init(red: grey, green: grey, blue: grey) }

  /// No light: 0, 0, 0.
  public static let black = PixelColor(grey: 0)
  /// All light: 255, 255, 255.
  public static let white = PixelColor(grey: 255)
}
