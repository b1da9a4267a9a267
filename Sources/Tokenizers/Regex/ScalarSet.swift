/// A set of Unicode scalars: what a bracket expression or a class escape matches.
struct ScalarSet: Sendable {
  enum Item: Sendable {
    case range(ClosedRange<UInt32>)
    /// General categories, a bit each.
    case categories(UInt32)
    case space
    case word
    case set(ScalarSet)
    /// Ranges in order: a script, a block or another property.
    case ranges([ClosedRange<UInt32>])
  }

  var items: [Item] = []
  /// Sets in which a scalar must be as well.
  var intersections: [ScalarSet] = []
  var isNegated = false
  /// Whether a scalar is in the set when another case of it is.
  var ignoresCase = false

  init(_ items: [Item] = [], negated: Bool = false) {
    self.items = items
    isNegated = negated
  }

  static func scalar(_ scalar: UInt32) -> ScalarSet { ScalarSet([.range(scalar...scalar)]) }

  func contains(_ scalar: UInt32) -> Bool {
    var isIn = containsAsIs(scalar)
    if !isIn, ignoresCase {
      isIn = CaseVariants.shared.variants(scalar).contains { containsAsIs($0) }
    }
    return isIn != isNegated
  }

  private func containsAsIs(_ scalar: UInt32) -> Bool {
    let kind = UnicodeTables.shared.kind(scalar)
    let isIn = items.contains { item in
      switch item {
      case .range(let range): range.contains(scalar)
      case .categories(let mask): mask >> UInt32(kind.category) & 1 == 1
      case .space: kind.isExpressionSpace
      case .word: kind.isExpressionWord
      case .set(let set): set.contains(scalar)
      case .ranges(let ranges): ranges.containsSorted(scalar)
      }
    }
    return isIn && intersections.allSatisfy { $0.contains(scalar) }
  }
}

/// A set with the answers for ASCII at hand.
struct CompiledSet: Sendable {
  private let low: UInt64
  private let high: UInt64
  private let set: ScalarSet

  init(_ set: ScalarSet) {
    self.set = set
    var masks: (UInt64, UInt64) = (0, 0)
    for scalar in 0..<UInt32(64) {
      if set.contains(scalar) { masks.0 |= 1 << UInt64(scalar) }
      if set.contains(scalar + 64) { masks.1 |= 1 << UInt64(scalar) }
    }
    (low, high) = masks
  }

  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return low >> UInt64(scalar) & 1 == 1 }
    if scalar < 128 { return high >> UInt64(scalar - 64) & 1 == 1 }
    return set.contains(scalar)
  }
}

/// The scalars that differ from one another only in case.
final class CaseVariants: Sendable {
  static let shared = CaseVariants()

  private let uppers: [UInt32: [UInt32]]

  private init() {
    var uppers: [UInt32: [UInt32]] = [:]
    UnicodeTables.shared.forEachLowercase { upper, lower in
      if lower.count == 1 { uppers[lower[0], default: []].append(upper) }
    }
    // Simple case foldings that are not lower cases.
    for (variant, letter) in [(0x17F, 0x73), (0x3C2, 0x3C3), (0x1E9B, 0x1E61), (0x3D0, 0x3B2)] {
      uppers[UInt32(letter), default: []].append(UInt32(variant))
    }
    self.uppers = uppers
  }

  /// The other cases of a scalar.
  func variants(_ scalar: UInt32) -> [UInt32] {
    var lower = scalar
    if let mapped = UnicodeTables.shared.lowercase(scalar), mapped.count == 1 {
      lower = mapped.first ?? scalar
    } else {
      switch scalar {
      case 0x17F: lower = 0x73
      case 0x3C2: lower = 0x3C3
      case 0x1E9B: lower = 0x1E61
      case 0x3D0: lower = 0x3B2
      default: break
      }
    }
    return [lower] + (uppers[lower] ?? [])
  }
}
