/// The order of a tensor's dimensions.
public enum PixelLayout: String, Sendable, Hashable, Codable {
  /// `[rows, height, width, channels]`, as in TensorFlow and Keras.
  case channelsLast
  /// `[rows, channels, height, width]`, as in PyTorch.
  case channelsFirst
}

/// Which channels a tensor has, in which order.
public enum PixelChannels: String, Sendable, Hashable, Codable {
  /// Red, green, blue.
  case rgb
  /// Blue, green, red, as Keras' "caffe" models and OpenCV have them.
  case bgr
  /// One channel of brightness, computed before resizing, as PIL's `convert("L")` does.
  case grey

  /// The number of channels.
  public var count: Int { self == .grey ? 1 : 3 }

  /// For each channel of the tensor, its place among red, green, blue.
  var sources: [Int] {
    switch self {
    case .rgb: [0, 1, 2]
    case .bgr: [2, 1, 0]
    case .grey: [0]
    }
  }
}
