/// What is done to the values of pixels, which are 0 to 255 at first.
///
/// The steps are carried out one after the other in single precision, so that a list that repeats
/// what a framework does gives the framework's numbers to the last bit.
public struct Normalization: Sendable, Hashable {
  /// One operation on each value.
  public enum Step: Sendable, Hashable {
    case multiply(Float)
    case divide(Float)
    case add(Float)
    /// A number for each channel of the tensor, in its order.
    case subtractEach([Float])
    case divideEach([Float])
  }

  /// What is done to each value, in this order.
  public var steps: [Step]

  public init(steps: [Step]) { self.steps = steps }

  /// `(value * scale + offset - mean) / deviation`; mean and deviation have a number for each
  /// channel of the tensor, in its order.
  public init(
    scale: Float = 1, offset: Float = 0, mean: [Float]? = nil, deviation: [Float]? = nil
  ) {
    steps = []
    if scale != 1 { steps.append(.multiply(scale)) }
    if offset != 0 { steps.append(.add(offset)) }
    if let mean { steps.append(.subtractEach(mean)) }
    if let deviation { steps.append(.divideEach(deviation)) }
  }

  /// Values stay 0 to 255.
  public static let none = Normalization(steps: [])
  /// 0 to 1: `value / 255`, as torchvision's `ToTensor`.
  public static let unit = Normalization(steps: [.divide(255)])
  /// -1 to 1: `value / 127.5 - 1`, Keras' "tf" mode.
  public static let signedUnit = Normalization(steps: [.divide(127.5), .add(-1)])
  /// `(value / 255 - mean) / deviation` with ImageNet's figures for red, green, blue: torchvision's
  /// models, Keras' "torch" mode.
  public static let imageNet = Normalization(steps: [
    .divide(255), .subtractEach([0.485, 0.456, 0.406]), .divideEach([0.229, 0.224, 0.225]),
  ])
  /// `value - mean` with ImageNet's figures for blue, green, red: Keras' "caffe" mode (ResNet50,
  /// VGG). Use it with ``PixelChannels/bgr``.
  public static let caffe = Normalization(steps: [.subtractEach([103.939, 116.779, 123.68])])

  /// The numbers of values that steps have for each channel.
  var channelCounts: [Int] {
    steps.compactMap { step in
      switch step {
      case .subtractEach(let values), .divideEach(let values): values.count
      default: nil
      }
    }
  }

  /// `value` of channel `channel` after all steps.
  func callAsFunction(_ value: Float, channel: Int) -> Float {
    steps.reduce(value) { value, step in
      switch step {
      case .multiply(let factor): value * factor
      case .divide(let divisor): value / divisor
      case .add(let term): value + term
      case .subtractEach(let terms): value - terms[channel]
      case .divideEach(let divisors): value / divisors[channel]
      }
    }
  }
}
