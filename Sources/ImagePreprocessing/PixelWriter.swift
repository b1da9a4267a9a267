import Tensors

/// Writes resized images into the rows of a tensor.
protocol PixelWriter {
  associatedtype Element: TensorElement

  static var zero: Element { get }
  var geometry: PixelGeometry { get }
  /// The element for a byte of channel `channel` of the tensor.
  func element(_ byte: UInt8, channel: Int) -> Element
  /// Writes an image to its place in the row at `target`.
  func write(_ image: PixelView, _ plan: ResizingPlan, to target: UnsafeMutablePointer<Element>)
  func write(_ image: FloatView, _ plan: ResizingPlan, to target: UnsafeMutablePointer<Element>)
}

/// Where the elements of an image lie in its row of the tensor.
struct PixelGeometry {
  var size: ImageSize
  /// For each channel of the tensor, its place among red, green, blue.
  var sources: [Int]
  var background: PixelColor
  /// The distances between neighbours.
  var channelStep: Int
  var columnStep: Int
  var rowStep: Int

  init(_ settings: ImagePreprocessing) {
    size = settings.size
    sources = settings.channels.sources
    background = .black
    if case .contain(let color) = settings.fitting { background = color }
    switch settings.layout {
    case .channelsLast: (channelStep, columnStep) = (1, settings.channels.count)
    case .channelsFirst: (channelStep, columnStep) = (size.width * size.height, 1)
    }
    rowStep = size.width * columnStep
  }

  /// The position of the upper left pixel of the window of `plan`.
  func start(_ plan: ResizingPlan) -> Int { plan.top * rowStep + plan.left * columnStep }
}

extension PixelWriter {
  /// Writes the background, if `plan` leaves any of it to be seen.
  func fill(_ target: UnsafeMutablePointer<Element>, around plan: ResizingPlan) {
    if plan.window.size == geometry.size { return }
    let color = geometry.background
    let parts = [color.red, color.green, color.blue]
    for (channel, source) in geometry.sources.enumerated() {
      let value = element(parts[source], channel: channel)
      let start = target + channel * geometry.channelStep
      for y in 0..<geometry.size.height {
        for x in 0..<geometry.size.width {
          start[y * geometry.rowStep + x * geometry.columnStep] = value
        }
      }
    }
  }
}

/// Writes bytes as they are.
struct ByteWriter: PixelWriter {
  static let zero: UInt8 = 0
  let geometry: PixelGeometry

  init(_ settings: ImagePreprocessing) { geometry = PixelGeometry(settings) }

  func element(_ byte: UInt8, channel: Int) -> UInt8 { byte }

  func write(_ image: PixelView, _ plan: ResizingPlan, to target: UnsafeMutablePointer<UInt8>) {
    let step = geometry.columnStep
    for (channel, source) in geometry.sources.enumerated() {
      let start = target + geometry.start(plan) + channel * geometry.channelStep
      for y in 0..<image.height {
        let pixels = image.row(y) + source
        let output = start + y * geometry.rowStep
        for x in 0..<image.width { output[x * step] = pixels[x * 4] }
      }
    }
  }

  func write(_ image: FloatView, _ plan: ResizingPlan, to target: UnsafeMutablePointer<UInt8>) {
    preconditionFailure("bytes are never made from resampling that is not rounded")
  }
}

/// Writes normalized numbers.
struct FloatWriter: PixelWriter {
  static let zero: Float = 0
  let geometry: PixelGeometry
  private let normalization: Normalization
  /// For each channel, the number for each byte: 256 of them.
  private let table: [Float]

  init(_ settings: ImagePreprocessing) {
    let normalization = settings.normalization
    geometry = PixelGeometry(settings)
    self.normalization = normalization
    table = (0..<settings.channels.count).flatMap { channel in
      (0..<256).map { normalization(Float($0), channel: channel) }
    }
  }

  func element(_ byte: UInt8, channel: Int) -> Float { table[channel * 256 + Int(byte)] }

  func write(_ image: PixelView, _ plan: ResizingPlan, to target: UnsafeMutablePointer<Float>) {
    let start = target + geometry.start(plan)
    table.withUnsafeBufferPointer { table in
      guard let base = table.baseAddress else { return }
      if geometry.sources.count == 3, geometry.columnStep == 3 {
        let (first, third) = (geometry.sources[0], geometry.sources[2])
        for y in 0..<image.height {
          var pixel = UnsafePointer(image.row(y))
          var output = start + y * geometry.rowStep
          for _ in 0..<image.width {
            output[0] = base[Int(pixel[first])]
            output[1] = base[256 + Int(pixel[1])]
            output[2] = base[512 + Int(pixel[third])]
            pixel += 4
            output += 3
          }
        }
        return
      }
      let step = geometry.columnStep
      for (channel, source) in geometry.sources.enumerated() {
        let numbers = base + channel * 256
        for y in 0..<image.height {
          let pixels = image.row(y) + source
          let output = start + channel * geometry.channelStep + y * geometry.rowStep
          for x in 0..<image.width { output[x * step] = numbers[Int(pixels[x * 4])] }
        }
      }
    }
  }

  func write(_ image: FloatView, _ plan: ResizingPlan, to target: UnsafeMutablePointer<Float>) {
    let start = target + geometry.start(plan)
    let step = geometry.columnStep
    for y in 0..<image.height {
      let pixels = image.row(y)
      for operation in normalization.steps {
        apply(operation, to: pixels, count: image.width)
      }
      for (channel, source) in geometry.sources.enumerated() {
        let output = start + channel * geometry.channelStep + y * geometry.rowStep
        for x in 0..<image.width { output[x * step] = pixels[x][source] }
      }
    }
  }

  /// Carries out one step on a row of red, green, blue.
  private func apply(
    _ step: Normalization.Step, to pixels: UnsafeMutablePointer<SIMD4<Float>>, count: Int
  ) {
    switch step {
    case .multiply(let factor): for x in 0..<count { pixels[x] *= factor }
    case .divide(let divisor): for x in 0..<count { pixels[x] /= divisor }
    case .add(let term): for x in 0..<count { pixels[x] += term }
    case .subtractEach(let terms):
      let vector = arranged(terms)
      for x in 0..<count { pixels[x] -= vector }
    case .divideEach(let divisors):
      let vector = arranged(divisors)
      for x in 0..<count { pixels[x] /= vector }
    }
  }

  /// Numbers in the order of the tensor's channels as red, green, blue.
  private func arranged(_ values: [Float]) -> SIMD4<Float> {
    var vector = SIMD4<Float>(repeating: 1)
    for (channel, source) in geometry.sources.enumerated() { vector[source] = values[channel] }
    return vector
  }
}
