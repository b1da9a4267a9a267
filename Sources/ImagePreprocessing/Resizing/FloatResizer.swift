/// An image in borrowed memory whose colours are not rounded; the fourth of each pixel means
/// nothing.
struct FloatView {
  var base: UnsafeMutablePointer<SIMD4<Float>>
  var width: Int
  var height: Int

  func row(_ y: Int) -> UnsafeMutablePointer<SIMD4<Float>> { base + y * width }
}

/// Resizes as TensorFlow does, in single precision.
final class FloatResizer {
  private let method: TensorFlowResampling
  private let antialias: Bool
  private let line = PixelMemory()
  private let rows = PixelMemory()
  private let result = PixelMemory()
  private var across = FloatSpans()
  private var down = FloatSpans()
  /// For each row of the source, its place among the rows that are needed.
  private var places: [Int] = []
  private var plan: ResizingPlan?

  init(_ method: TensorFlowResampling, antialias: Bool) {
    self.method = method
    self.antialias = antialias
  }

  /// The window of the resized image; it stays valid until the next call.
  func resize(_ image: PixelView, _ plan: ResizingPlan) -> FloatView {
    if self.plan != plan { compute(plan) }
    let width = plan.window.size.width
    let resizedRows = resizeRows(image, width: width)
    let output = FloatView(
      base: result.reserve(width * plan.window.size.height, of: SIMD4<Float>.self), width: width,
      height: plan.window.size.height)
    for (y, span) in down.spans.enumerated() {
      let target = output.row(y)
      target.initialize(repeating: .zero, count: width)
      for tap in 0..<span.count {
        let source = resizedRows + places[span.start + tap] * width
        let weight = SIMD4<Float>(repeating: down.weights[span.first + tap])
        for x in 0..<width { target[x] += source[x] * weight }
      }
    }
    return output
  }

  private func compute(_ plan: ResizingPlan) {
    let box = plan.box
    let window = plan.window
    across.compute(
      method, antialias: antialias, inputSize: Int(box.right - box.left), offset: Int(box.left),
      outputSize: plan.resized.width, window: window.x..<window.x + window.size.width)
    down.compute(
      method, antialias: antialias, inputSize: Int(box.bottom - box.top), offset: Int(box.top),
      outputSize: plan.resized.height, window: window.y..<window.y + window.size.height)
    places = Array(repeating: -1, count: plan.source.height)
    var count = 0
    for span in down.spans {
      for row in span.start..<span.start + span.count where places[row] < 0 {
        places[row] = count
        count += 1
      }
    }
    self.plan = plan
  }

  /// The rows that are needed, resized, in the order of `places`.
  private func resizeRows(_ image: PixelView, width: Int) -> UnsafeMutablePointer<SIMD4<Float>> {
    let count = (places.max() ?? -1) + 1
    let output = rows.reserve(count * width, of: SIMD4<Float>.self)
    let floats = line.reserve(image.width, of: SIMD4<Float>.self)
    across.spans.withUnsafeBufferPointer { spans in
      across.weights.withUnsafeBufferPointer { weights in
        for y in 0..<image.height where places[y] >= 0 {
          Self.convert(image.row(y), to: floats, count: image.width)
          let target = output + places[y] * width
          for x in 0..<width {
            let span = spans[x]
            var sum = SIMD4<Float>.zero
            for tap in 0..<span.count {
              sum += floats[span.start + tap] * weights[span.first + tap]
            }
            target[x] = sum
          }
        }
      }
    }
    return output
  }

  private static func convert(
    _ pixels: UnsafePointer<UInt8>, to floats: UnsafeMutablePointer<SIMD4<Float>>, count: Int
  ) {
    let flat = UnsafeMutableRawPointer(floats).assumingMemoryBound(to: Float.self)
    for index in 0..<count * 4 { flat[index] = Float(pixels[index]) }
  }
}
