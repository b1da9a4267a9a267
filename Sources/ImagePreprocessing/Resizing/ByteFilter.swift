import Glibc

/// A kernel that PIL weighs pixels with, as a function of the distance.
enum ByteFilter {
  case box, bilinear, hamming, bicubic, lanczos

  /// The distance from which on the kernel is zero.
  var support: Double {
    switch self {
    case .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The weight at a distance. The order of operations is PIL's, so that the last bits agree.
  func callAsFunction(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
    case .bilinear: return x < 1 ? 1 - x : 0
    case .hamming:
      if x == 0 { return 1 }
      if x >= 1 { return 0 }
      let angle = x * .pi
      return sin(angle) / angle * (0.54 + 0.46 * cos(angle))
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    case .lanczos:
      guard distance >= -3, distance < 3 else { return 0 }
      return Self.sinc(distance) * Self.sinc(distance / 3)
    }
  }

  private static func sinc(_ value: Double) -> Double {
    if value == 0 { return 1 }
    let angle = value * .pi
    return sin(angle) / angle
  }
}
