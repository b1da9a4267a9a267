/// Which neighbouring tokens merge, in which order, into what.
final class MergeTable: @unchecked Sendable {
  struct Merge {
    var pair: UInt64
    var rank: Int32
    var result: Int32
  }

  private let slots: UnsafeMutablePointer<Merge>
  private let mask: Int

  /// - Parameter merges: in the order of their ranks; a pair that occurs twice keeps the later one.
  init(_ merges: [(left: Int32, right: Int32, result: Int32)]) {
    var capacity = 16
    while capacity < merges.count * 2 { capacity *= 2 }
    mask = capacity - 1
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: Merge(pair: .max, rank: 0, result: 0), count: capacity)
    for (rank, merge) in merges.enumerated() {
      let pair = Self.pair(merge.left, merge.right)
      var slot = Self.slot(pair, mask)
      while slots[slot].pair != .max, slots[slot].pair != pair { slot = (slot + 1) & mask }
      slots[slot] = Merge(pair: pair, rank: Int32(rank), result: merge.result)
    }
  }

  deinit { slots.deallocate() }

  @inline(__always)
  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private static func slot(_ pair: UInt64, _ mask: Int) -> Int {
    Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
  }

  /// The merge of two tokens.
  @inline(__always)
  func find(_ left: Int32, _ right: Int32) -> Merge? {
    let pair = Self.pair(left, right)
    var slot = Self.slot(pair, mask)
    while true {
      let found = slots[slot]
      if found.pair == pair { return found }
      if found.pair == .max { return nil }
      slot = (slot + 1) & mask
    }
  }
}

/// A token on the way to its final size; `length` in bytes of the word, 0 when merged away.
struct MergeSymbol {
  var id: Int32
  var length: Int32
  var previous: Int32 = -1
  var next: Int32 = -1
}
