public import Tensors

/// Makes image files into tensors: decodes, cuts, resizes, scales and arranges them.
///
/// JPEG and PNG are read. All kinds of them become colours as PIL's `Image.convert("RGB")` does:
/// grey, palettes, CMYK, 16 bits; transparency is dropped. Decoding PNG and resizing give PIL's
/// bytes exactly; decoding JPEG does as long as both use libjpeg-turbo.
///
/// ```swift
/// let images = ImagePreprocessing(size: ImageSize(224), normalization: .signedUnit)
/// // Of shape [rows, 224, 224, 3]:
/// let batch: Tensor<Float> = try images.tensor(from: content, names: paths)
/// ```
///
/// Two more, a torchvision model's and a Keras model's:
///
/// ```swift
/// ImagePreprocessing(
///   size: ImageSize(224), fitting: .centerCrop(shorterSide: 256), resampling: .bilinear,
///   layout: .channelsFirst, normalization: .imageNet)
/// ImagePreprocessing(
///   size: ImageSize(180), resampling: .tensorFlow(.bilinear), normalization: .unit)
/// ```
public struct ImagePreprocessing: Sendable, Hashable {
  /// The tensor's size.
  public var size: ImageSize
  /// The part of each image to use, before ``fitting``; all of it if `nil`.
  public var region: ImageRegion?
  /// How images of other proportions fill the tensor.
  public var fitting: Fitting
  /// How pixels are computed; PIL's bicubic filter unless said otherwise, as in PIL.
  public var resampling: Resampling
  /// Which channels the tensor has.
  public var channels: PixelChannels
  /// The order of the tensor's dimensions.
  public var layout: PixelLayout
  /// What is done to the values, which are 0 to 255 at first.
  public var normalization: Normalization
  /// How files are read.
  public var decoding: ImageDecoding

  public init(
    size: ImageSize, region: ImageRegion? = nil, fitting: Fitting = .stretch,
    resampling: Resampling = .bicubic, channels: PixelChannels = .rgb,
    layout: PixelLayout = .channelsLast, normalization: Normalization = .none,
    decoding: ImageDecoding = .standard
  ) {
    self.size = size
    self.region = region
    self.fitting = fitting
    self.resampling = resampling
    self.channels = channels
    self.layout = layout
    self.normalization = normalization
    self.decoding = decoding
  }

  /// The shape of one image: `[height, width, channels]` or `[channels, height, width]`.
  public var rowShape: Shape {
    switch layout {
    case .channelsLast: [size.height, size.width, channels.count]
    case .channelsFirst: [channels.count, size.height, size.width]
    }
  }

  /// The images as numbers in single precision, of shape `[rows] + rowShape`.
  ///
  /// - Parameters:
  ///   - images: the files' bytes: a binary `ArrowColumn`, a `StringTensor`, `[[UInt8]]`.
  ///   - names: the files' names or paths, for messages.
  ///   - onFailure: called with the error of each image that cannot be read. By default it throws
  ///     it; if it returns, the image's row is all zeros.
  /// - Throws: ``ImageError`` for a bad image, with its row and name, and for settings that
  ///   contradict each other; `DynamicLibraryError` when a decoder is not installed.
  public func tensor(
    from images: some EncodedImages, names: [String]? = nil,
    onFailure: (ImageError) throws -> Void = { throw $0 }
  ) throws -> Tensor<Float> {
    try check(resultsAreBytes: false)
    return try batch(images, names, FloatWriter(self), onFailure)
  }

  /// The images as bytes, of shape `[rows] + rowShape`; otherwise like
  /// ``tensor(from:names:onFailure:)``.
  ///
  /// - Throws: also ``ImageError`` when ``normalization`` or ``resampling`` ask for other numbers
  ///   than bytes.
  public func byteTensor(
    from images: some EncodedImages, names: [String]? = nil,
    onFailure: (ImageError) throws -> Void = { throw $0 }
  ) throws -> Tensor<UInt8> {
    try check(resultsAreBytes: true)
    return try batch(images, names, ByteWriter(self), onFailure)
  }
}
