import Tensors

extension ImagePreprocessing {
  /// - Throws: ``ImageError`` when the settings contradict each other.
  func check(resultsAreBytes: Bool) throws(ImageError) {
    func fail(_ message: String) -> ImageError { ImageError(.invalidSettings, message) }
    let sides = 1...65_535
    guard sides.contains(size.width), sides.contains(size.height) else {
      throw fail("the tensor's size is \(size); sides are 1 to 65535 pixels")
    }
    if case .centerCrop(let side) = fitting, !sides.contains(side) {
      throw fail("the shorter side before cropping is \(side); it must be 1 to 65535 pixels")
    }
    for count in normalization.channelCounts where count != channels.count {
      throw fail(
        "the normalization has \(count) numbers, one for each channel, but \(channels.rawValue) "
          + "has \(channels.count) channels")
    }
    if resultsAreBytes, !normalization.steps.isEmpty {
      throw fail("a tensor of bytes cannot be normalized; leave the normalization out")
    }
    if resultsAreBytes, case .tensorFlow(let method, _) = resampling, method != .nearest {
      throw fail(
        "TensorFlow's \(method.rawValue) resampling gives no whole numbers; make a tensor of "
          + "Float, or use one of PIL's filters")
    }
  }

  /// Decodes and writes all images.
  func batch<Images: EncodedImages, Writer: PixelWriter>(
    _ images: Images, _ names: [String]?, _ writer: Writer,
    _ onFailure: (ImageError) throws -> Void
  ) throws -> Tensor<Writer.Element> {
    let count = images.imageCount
    if let mismatch = images.mismatch { throw ImageError(.invalidSettings, mismatch) }
    if let names, names.count != count {
      throw ImageError(.invalidSettings, "there are \(names.count) names for \(count) images")
    }
    let shape = rowShape.batched(count)
    guard let elements = shape.elementCount, elements <= Int.max / 8 else {
      throw ImageError(.invalidSettings, "a tensor of shape \(shape) is too large")
    }
    let pipeline = ImagePipeline(self)
    return try Tensor(shape: shape) { memory in
      guard let base = memory.baseAddress, count > 0 else { return }
      let rowCount = elements / count
      for row in 0..<count {
        let target = base + row * rowCount
        do {
          try images.withImage(row) { bytes in
            guard let bytes else { throw ImageError(.missing, "the value is null") }
            try pipeline.process(bytes, writer, to: target)
          }
        } catch var error as ImageError {
          error.row = row
          error.name = names?[row]
          try onFailure(error)
          target.initialize(repeating: Writer.zero, count: rowCount)
        }
      }
    }
  }
}

/// The steps from one file to one row of a tensor, with memory that all files share.
final class ImagePipeline {
  private let settings: ImagePreprocessing
  private let decoder: ImageDecoder
  private let resizer: Resizer

  private enum Resizer {
    case nearest(NearestResizer)
    case bytes(ByteResizer)
    case floats(FloatResizer)
  }

  init(_ settings: ImagePreprocessing) {
    self.settings = settings
    decoder = ImageDecoder(settings.decoding)
    resizer =
      switch settings.resampling {
      case .nearest: .nearest(NearestResizer(.steps))
      case .box: .bytes(ByteResizer(.box))
      case .bilinear: .bytes(ByteResizer(.bilinear))
      case .hamming: .bytes(ByteResizer(.hamming))
      case .bicubic: .bytes(ByteResizer(.bicubic))
      case .lanczos: .bytes(ByteResizer(.lanczos))
      case .tensorFlow(.nearest, _): .nearest(NearestResizer(.product))
      case .tensorFlow(let method, let antialias):
        .floats(FloatResizer(method, antialias: antialias))
      }
  }

  /// Makes the file in `bytes` into the row at `target`.
  func process<Writer: PixelWriter>(
    _ bytes: UnsafeRawBufferPointer, _ writer: Writer,
    to target: UnsafeMutablePointer<Writer.Element>
  ) throws {
    var image = try decoder.decode(bytes) { makePlan($0).resized }
    if let region = settings.region {
      guard region.lies(within: image.size) else {
        throw ImageError(
          .badDimensions,
          "the region \(region) does not lie within the image, which is \(image.size)"
        )
      }
      image = image.cropped(to: region)
    }
    if settings.channels == .grey { image.turnGrey() }
    let plan = makePlan(image.size)
    writer.fill(target, around: plan)
    switch resizer {
    case .nearest(let resizer): writer.write(resizer.resize(image, plan), plan, to: target)
    case .bytes(let resizer): writer.write(resizer.resize(image, plan), plan, to: target)
    case .floats(let resizer): writer.write(resizer.resize(image, plan), plan, to: target)
    }
  }

  private func makePlan(_ source: ImageSize) -> ResizingPlan {
    let wholePixels = if case .tensorFlow = settings.resampling { true } else { false }
    return ResizingPlan(
      settings.fitting, source: source, target: settings.size, wholePixels: wholePixels)
  }
}
