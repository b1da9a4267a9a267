import Glibc

/// For one direction, which input pixels make up each output pixel, with TensorFlow's weights in
/// single precision.
struct FloatSpans {
  struct Span {
    /// The first input pixel.
    var start: Int
    var count: Int
    /// The place of its weight.
    var first: Int
  }

  private(set) var spans: [Span] = []
  private(set) var weights: [Float] = []

  /// Computes the spans of the output pixels `window` out of `outputSize`, which are made from
  /// `inputSize` pixels, the first of which is number `offset`.
  mutating func compute(
    _ method: TensorFlowResampling, antialias: Bool, inputSize: Int, offset: Int, outputSize: Int,
    window: Range<Int>
  ) {
    spans.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    for output in window {
      let first = weights.count
      let start: Int
      switch method {
      case .bilinear where !antialias: start = interpolate(output, inputSize, outputSize)
      case .bicubic where !antialias: start = interpolateCubic(output, inputSize, outputSize)
      case .area: start = cover(output, inputSize, outputSize)
      default: start = weigh(method, antialias, output, inputSize, outputSize)
      }
      spans.append(Span(start: start + offset, count: weights.count - first, first: first))
    }
  }

  /// TensorFlow's `ResizeBilinear` with half-pixel centres.
  private mutating func interpolate(_ output: Int, _ inputSize: Int, _ outputSize: Int) -> Int {
    let scale = Float(inputSize) / Float(outputSize)
    let position = (Float(output) + 0.5) * scale - 0.5
    let floor = position.rounded(.down)
    let lower = max(Int(floor), 0)
    let upper = min(Int(floor) + 1, inputSize - 1)
    if lower >= upper {
      weights.append(1)
      return upper
    }
    weights.append(1 - (position - floor))
    weights.append(position - floor)
    return lower
  }

  /// TensorFlow's `ResizeBicubic` with half-pixel centres: Keys' kernel from a table of 1024 steps,
  /// pixels outside the image left out.
  private mutating func interpolateCubic(_ output: Int, _ inputSize: Int, _ outputSize: Int) -> Int
  {
    let scale = Float(inputSize) / Float(outputSize)
    let position = (Float(output) + 0.5) * scale - 0.5
    let floor = position.rounded(.down)
    let steps = ((position - floor) * 1024).rounded(.toNearestOrEven)
    let near = Float(steps / 1024)
    let far = Float((1024 - steps) / 1024)
    let taps = [
      Self.outerCubic(near), Self.innerCubic(near), Self.innerCubic(far),
      Self.outerCubic(far),
    ]
    let start = Int(floor) - 1
    let inside = (0..<4).filter { start + $0 >= 0 && start + $0 < inputSize }
    let sum = inside.reduce(Float(0)) { $0 + taps[$1] }
    let factor = abs(sum) >= 1000 * Float.leastNormalMagnitude ? 1 / sum : 1
    for tap in inside { weights.append(taps[tap] * factor) }
    return start + (inside.first ?? 0)
  }

  private static func innerCubic(_ x: Float) -> Float { ((1.5 * x - 2.5) * x) * x + 1 }

  private static func outerCubic(_ x: Float) -> Float {
    let far = x + 1
    return ((-0.5 * far + 2.5) * far - 4) * far + 2
  }

  /// TensorFlow's `ResizeArea`.
  private mutating func cover(_ output: Int, _ inputSize: Int, _ outputSize: Int) -> Int {
    let scale = Float(inputSize) / Float(outputSize)
    let start = Float(output) * scale
    let end = Float(output + 1) * scale
    let first = Int(start.rounded(.down))
    for pixel in first..<Int(end.rounded(.up)) where pixel < inputSize {
      let covered = min(Float(pixel + 1), end) - max(Float(pixel), start)
      weights.append(covered / scale)
    }
    return first
  }

  /// TensorFlow's `ScaleAndTranslate` without a translation.
  private mutating func weigh(
    _ method: TensorFlowResampling, _ antialias: Bool, _ output: Int, _ inputSize: Int,
    _ outputSize: Int
  ) -> Int {
    let inverse = Float(1 / Double(Float(outputSize) / Float(inputSize)))
    let stretch = antialias ? max(inverse, 1) : 1
    let radius = Self.radius(method) * stretch
    let factor = 1 / stretch
    let position = (Float(output) + 0.5) * inverse
    guard position >= 0, position <= Float(inputSize) else { return 0 }
    func clamped(_ value: Float) -> Int { min(max(Int(value), 0), inputSize - 1) }
    let start = clamped((position - radius - 0.5).rounded(.up))
    let end = clamped((position + radius - 0.5).rounded(.down)) + 1
    let first = weights.count
    var sum: Float = 0
    for pixel in start..<max(end, start) {
      let weight = Self.kernel(method, abs((Float(pixel) + 0.5 - position) * factor))
      weights.append(weight)
      sum += weight
    }
    if abs(sum) >= 1000 * Float.leastNormalMagnitude {
      let correction = 1 / sum
      for index in first..<weights.count { weights[index] *= correction }
    }
    return start
  }

  private static func radius(_ method: TensorFlowResampling) -> Float {
    switch method {
    case .nearest, .area: 0.5
    case .bilinear: 1
    case .gaussian: 1.5
    case .bicubic, .mitchellCubic: 2
    case .lanczos3: 3
    case .lanczos5: 5
    }
  }

  private static func kernel(_ method: TensorFlowResampling, _ x: Float) -> Float {
    switch method {
    case .nearest, .area: return x <= 0.5 ? 1 : 0
    case .bilinear: return max(0, 1 - x)
    case .gaussian:
      let deviation: Float = 0.5
      return x >= 1.5 ? 0 : expf(-x * x / (2 * deviation * deviation))
    case .bicubic: return x >= 2 ? 0 : x >= 1 ? outerCubic(x - 1) : innerCubic(x)
    case .mitchellCubic:
      if x >= 2 { return 0 }
      if x >= 1 { return (((-7 / 18) * x + 2) * x - 10 / 3) * x + 16 / 9 }
      return (((7 / 6) * x - 2) * x) * x + 8 / 9
    case .lanczos3: return lanczos(x, radius: 3)
    case .lanczos5: return lanczos(x, radius: 5)
    }
  }

  private static func lanczos(_ x: Float, radius: Float) -> Float {
    if x > radius { return 0 }
    if x <= 1e-3 { return 1 }
    return radius * sinf(.pi * x) * sinf(.pi * x / radius) / (.pi * .pi * x * x)
  }
}
