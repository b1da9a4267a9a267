/// How an image of one size becomes the tensor's image: which part of it is resized to what size,
/// which part of the result is seen, and where in the tensor that goes.
struct ResizingPlan: Equatable {
  /// The part of the image that is resized; the edges need not be whole pixels.
  struct Box: Equatable {
    var left: Float
    var top: Float
    var right: Float
    var bottom: Float
  }

  var source: ImageSize
  var box: Box
  var resized: ImageSize
  /// The part of the resized image that is seen.
  var window: ImageRegion
  /// Where the window's upper left corner lies in the tensor.
  var left: Int
  var top: Int

  init(_ fitting: Fitting, source: ImageSize, target: ImageSize, wholePixels: Bool) {
    self.source = source
    box = Box(left: 0, top: 0, right: Float(source.width), bottom: Float(source.height))
    resized = target
    window = ImageRegion(x: 0, y: 0, width: target.width, height: target.height)
    left = 0
    top = 0
    switch fitting {
    case .stretch: break
    case .cover where wholePixels: coverWithWholePixels(target)
    case .cover: cover(target)
    case .centerCrop(let side): cropCenter(target, shorterSide: side)
    case .contain: contain(target)
    }
  }

  /// As PIL's `ImageOps.fit` computes it.
  private mutating func cover(_ target: ImageSize) {
    let (width, height) = (Double(source.width), Double(source.height))
    let ratio = width / height
    let targetRatio = Double(target.width) / Double(target.height)
    var (cropWidth, cropHeight) = (width, height)
    if ratio > targetRatio {
      cropWidth = targetRatio * height
    } else if ratio < targetRatio {
      cropHeight = width / targetRatio
    }
    let x = (width - cropWidth) * 0.5
    let y = (height - cropHeight) * 0.5
    box = Box(
      left: Float(x), top: Float(y), right: Float(x + cropWidth), bottom: Float(y + cropHeight))
  }

  /// As Keras computes it.
  private mutating func coverWithWholePixels(_ target: ImageSize) {
    func cropped(_ side: Int, other: Int, _ target: Int, _ otherTarget: Int) -> Int {
      max(min(side, Int(Float(other * target) / Float(otherTarget))), 1)
    }
    let height = cropped(source.height, other: source.width, target.height, target.width)
    let width = cropped(source.width, other: source.height, target.width, target.height)
    let x = (source.width - width) / 2
    let y = (source.height - height) / 2
    box = Box(
      left: Float(x), top: Float(y), right: Float(x + width), bottom: Float(y + height))
  }

  /// As torchvision computes it.
  private mutating func cropCenter(_ target: ImageSize, shorterSide side: Int) {
    let shorter = min(source.width, source.height)
    let longer = max(source.width, source.height)
    let other = Int(Double(side * longer) / Double(shorter))
    resized =
      source.width <= source.height
      ? ImageSize(width: side, height: other) : ImageSize(width: other, height: side)
    // Half pixels go to the even side when cutting, as Python rounds, and to the right when
    // filling.
    func place(_ size: Int, _ target: Int) -> (offset: Int, length: Int, start: Int) {
      if size < target { return (0, size, (target - size) / 2) }
      let middle = (Double(size - target) / 2).rounded(.toNearestOrEven)
      return (Int(middle), target, 0)
    }
    let across = place(resized.width, target.width)
    let down = place(resized.height, target.height)
    window = ImageRegion(
      x: across.offset, y: down.offset, width: across.length, height: down.length)
    left = across.start
    top = down.start
  }

  /// As PIL's `ImageOps.pad` computes it.
  private mutating func contain(_ target: ImageSize) {
    let (width, height) = (Double(source.width), Double(source.height))
    let ratio = width / height
    let targetRatio = Double(target.width) / Double(target.height)
    func rounded(_ value: Double) -> Int { max(Int(value.rounded(.toNearestOrEven)), 1) }
    if ratio > targetRatio {
      resized.height = rounded(height / width * Double(target.width))
    } else if ratio < targetRatio {
      resized.width = rounded(width / height * Double(target.height))
    }
    resized.width = min(resized.width, target.width)
    resized.height = min(resized.height, target.height)
    window = ImageRegion(x: 0, y: 0, width: resized.width, height: resized.height)
    left = Int((Double(target.width - resized.width) * 0.5).rounded(.toNearestOrEven))
    top = Int((Double(target.height - resized.height) * 0.5).rounded(.toNearestOrEven))
  }
}
