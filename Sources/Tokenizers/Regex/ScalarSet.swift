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

  /// Simple case foldings that are not lower cases (Unicode's CaseFolding.txt, statuses C and S).
  private static let foldings: [UInt32: UInt32] = [
    0xB5: 0x3BC, 0x17F: 0x73, 0x345: 0x3B9, 0x3C2: 0x3C3, 0x3D0: 0x3B2, 0x3D1: 0x3B8, 0x3D5: 0x3C6,
    0x3D6: 0x3C0, 0x3F0: 0x3BA, 0x3F1: 0x3C1, 0x3F5: 0x3B5, 0x1C80: 0x432, 0x1C81: 0x434,
    0x1C82: 0x43E, 0x1C83: 0x441, 0x1C84: 0x442, 0x1C85: 0x442, 0x1C86: 0x44A, 0x1C87: 0x463,
    0x1C88: 0xA64B, 0x1E9B: 0x1E61, 0x1FBE: 0x3B9,
  ]

  private let uppers: [UInt32: [UInt32]]

  private init() {
    var uppers: [UInt32: [UInt32]] = [:]
    UnicodeTables.shared.lower.forEach { upper, lower in
      if lower.count == 1 { uppers[lower[0], default: []].append(upper) }
    }
    for (variant, letter) in Self.foldings { uppers[letter, default: []].append(variant) }
    self.uppers = uppers
  }

  /// The other cases of a scalar.
  func variants(_ scalar: UInt32) -> [UInt32] {
    var lower = scalar
    if let mapped = UnicodeTables.shared.lowercase(scalar), mapped.count == 1 {
      lower = mapped.first ?? scalar
    } else if let folded = Self.foldings[scalar] {
      lower = folded
    }
    return [lower] + (uppers[lower] ?? [])
  }
}
