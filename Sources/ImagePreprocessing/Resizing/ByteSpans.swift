import CImages

/// For one direction, which input pixels make up each output pixel, with PIL's fixed-point weights.
struct ByteSpans {
  private(set) var spans: [needletail_span] = []
  private(set) var weights: [Int16] = []
  /// The input that is needed at all.
  private(set) var input = 0..<0
  private var exact: [Double] = []

  /// Computes the spans of the output pixels `window` out of `outputSize`, which are made from the
  /// input between `start` and `end`.
  mutating func compute(
    _ filter: ByteFilter, inputSize: Int, start: Float, end: Float, outputSize: Int,
    window: Range<Int>
  ) {
    spans.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    let scale = Double(end - start) / Double(outputSize)
    let stretch = max(scale, 1)
    let support = filter.support * stretch
    let inverse = 1 / stretch
    var first = inputSize
    var last = 0
    for output in window {
      let center = Double(start) + (Double(output) + 0.5) * scale
      let lower = max(Int(center - support + 0.5), 0)
      let upper = max(min(Int(center + support + 0.5), inputSize), lower)
      exact.removeAll(keepingCapacity: true)
      var sum = 0.0
      for tap in 0..<upper - lower {
        let weight = filter((Double(tap + lower) - center + 0.5) * inverse)
        exact.append(weight)
        sum += weight
      }
      append(start: lower, sum: sum)
      first = min(first, lower)
      last = max(last, upper)
    }
    input = first..<max(first, last)
  }

  /// Adds a span with the weights in `exact`, in groups of four.
  private mutating func append(start: Int, sum: Double) {
    let groups = (exact.count + 3) / 4
    spans.append(
      needletail_span(
        start: Int32(start), groups: Int32(groups), first: Int32(weights.count / 8)))
    let one = Double(Int32(1) << NEEDLETAIL_WEIGHT_BITS)
    for group in 0..<groups {
      var upper = SIMD4<Int16>()
      var lower = SIMD4<Int16>()
      for position in 0..<4 where group * 4 + position < exact.count {
        var weight = exact[group * 4 + position]
        if sum != 0 { weight /= sum }
        let fixed = Int32(weight < 0 ? -0.5 + weight * one : 0.5 + weight * one)
        upper[position] = Int16(truncatingIfNeeded: fixed >> NEEDLETAIL_WEIGHT_SPLIT)
        lower[position] = Int16(fixed & (1 << NEEDLETAIL_WEIGHT_SPLIT - 1))
      }
      for position in 0..<4 { weights.append(upper[position]) }
      for position in 0..<4 { weights.append(lower[position]) }
    }
  }
}
