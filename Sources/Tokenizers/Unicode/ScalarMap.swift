/// A map from scalars to short lists of scalars: open addressing, read only.
struct ScalarMap: Sendable {
  private var keys: [UInt32]
  private var places: [UInt32]
  private var values: [UInt32] = []
  private let mask: Int

  init(_ packed: StaticString) {
    var reader = PackedData(packed)
    var entries: [(key: UInt32, start: UInt32)] = []
    var last = 0
    while !reader.isAtEnd {
      last += reader.varint()
      let count = reader.varint()
      entries.append((UInt32(last), UInt32(values.count << 8 | count)))
      for _ in 0..<count { values.append(UInt32(reader.varint())) }
    }
    var capacity = 16
    while capacity < entries.count * 2 { capacity *= 2 }
    mask = capacity - 1
    keys = Array(repeating: .max, count: capacity)
    places = Array(repeating: 0, count: capacity)
    for entry in entries {
      var slot = Self.slot(entry.key, mask)
      while keys[slot] != .max { slot = (slot + 1) & mask }
      keys[slot] = entry.key
      places[slot] = entry.start
    }
  }

  @inline(__always)
  private static func slot(_ key: UInt32, _ mask: Int) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B1) >> 12) & mask
  }

  @inline(__always)
  private func place(_ key: UInt32) -> UInt32? {
    var slot = Self.slot(key, mask)
    while true {
      let found = keys[slot]
      if found == key { return places[slot] }
      if found == .max { return nil }
      slot = (slot + 1) & mask
    }
  }

  subscript(key: UInt32) -> ArraySlice<UInt32>? {
    guard let place = place(key) else { return nil }
    let start = Int(place >> 8)
    return values[start..<start + Int(place & 0xFF)]
  }

  /// The first value of the list.
  func first(_ key: UInt32) -> UInt32? { place(key).map { values[Int($0 >> 8)] } }

  func forEach(_ body: (UInt32, [UInt32]) -> Void) {
    for slot in keys.indices where keys[slot] != .max {
      let start = Int(places[slot] >> 8)
      body(keys[slot], Array(values[start..<start + Int(places[slot] & 0xFF)]))
    }
  }
}
