/// Counts of durations in buckets whose limits grow by the square root of two, from 50 microseconds
/// to about 100 seconds.
struct LatencyHistogram: Sendable, Hashable {
  /// The upper limit of each bucket in microseconds; the last has none.
  static let limits: [Double] = (0..<42).map { 50 * pow2(Double($0) / 2) }

  private(set) var counts = Array(repeating: 0, count: limits.count + 1)
  private(set) var total = 0

  private static func pow2(_ exponent: Double) -> Double {
    let whole = exponent.rounded(.down)
    return Double(sign: .plus, exponent: Int(whole), significand: 1)
      * (exponent > whole ? 2.0.squareRoot() : 1)
  }

  mutating func record(nanoseconds: UInt64) {
    let microseconds = Double(nanoseconds) / 1000
    var low = 0
    var high = Self.limits.count
    while low < high {
      let middle = (low + high) / 2
      if microseconds <= Self.limits[middle] { high = middle } else { low = middle + 1 }
    }
    counts[low] += 1
    total += 1
  }

  /// The limit in microseconds below which the fraction `quantile` of all durations lies; `nil` if
  /// there are none.
  func quantile(_ quantile: Double) -> Double? {
    if total == 0 { return nil }
    let wanted = (Double(total) * quantile).rounded(.up)
    var seen = 0
    for (index, count) in counts.enumerated() {
      seen += count
      if Double(seen) >= wanted { return Self.limits[min(index, Self.limits.count - 1)] }
    }
    return Self.limits.last
  }
}
