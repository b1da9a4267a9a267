/// The tokens of words seen before; it starts afresh when it is full.
struct WordCache {
  private struct Entry {
    var hash: UInt64
    var key: UInt32
    var keyLength: UInt32
    var value: UInt32
    var valueLength: UInt32
  }

  /// Longer words are rarely seen again.
  static let longestWord = 64
  private static let capacity = 1 << 14

  private var slots: [Int32] = []
  private var entries: [Entry] = []
  private var keys: [UInt8] = []
  private var ids: [Int32] = []
  private var lengths: [Int32] = []

  @inline(__always)
  static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash = UInt64(word.count) &* 0x9E37_79B9_7F4A_7C15
    var index = 0
    let raw = UnsafeRawBufferPointer(word)
    while index + 8 <= word.count {
      hash =
        (hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        &* 0xFF51_AFD7_ED55_8CCD
      hash ^= hash >> 32
      index += 8
    }
    var tail: UInt64 = 0
    while index < word.count {
      tail = tail << 8 | UInt64(word[index])
      index += 1
    }
    hash = (hash ^ tail) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ hash >> 32
  }

  /// Appends the tokens of a known word to `sink`.
  @inline(__always)
  func lookUp(
    _ word: UnsafeBufferPointer<UInt8>, hash: UInt64, into sink: inout TokenSink
  ) -> Bool {
    if slots.isEmpty { return false }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let number = slots[slot]
      if number < 0 { return false }
      let entry = entries[Int(number)]
      if entry.hash == hash, Int(entry.keyLength) == word.count, isKey(entry, word) {
        let start = Int(entry.value)
        var place = 0
        for index in start..<start + Int(entry.valueLength) {
          let next = place + Int(lengths[index])
          sink.append(ids[index], place, next)
          place = next
        }
        return true
      }
      slot = (slot + 1) & mask
    }
  }

  @inline(__always)
  private func isKey(_ entry: Entry, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
    keys.withUnsafeBufferPointer { keys in
      let start = Int(entry.key)
      for index in word.indices where keys[start + index] != word[index] { return false }
      return true
    }
  }

  /// Remembers the tokens of a word, given by their numbers and lengths in bytes.
  mutating func store(
    _ word: UnsafeBufferPointer<UInt8>, hash: UInt64, _ symbols: [MergeSymbol]
  ) {
    if slots.isEmpty || entries.count >= Self.capacity {
      slots = Array(repeating: -1, count: Self.capacity * 2)
      entries.removeAll(keepingCapacity: true)
      keys.removeAll(keepingCapacity: true)
      ids.removeAll(keepingCapacity: true)
      lengths.removeAll(keepingCapacity: true)
    }
    let entry = Entry(
      hash: hash, key: UInt32(keys.count), keyLength: UInt32(word.count),
      value: UInt32(ids.count), valueLength: UInt32(symbols.count))
    keys.append(contentsOf: word)
    for symbol in symbols {
      ids.append(symbol.id)
      lengths.append(symbol.length)
    }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] >= 0 { slot = (slot + 1) & mask }
    slots[slot] = Int32(entries.count)
    entries.append(entry)
  }
}
