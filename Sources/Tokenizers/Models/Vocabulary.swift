/// Tokens and their numbers: a hash table over the tokens' bytes.
///
/// The hash runs byte by byte, so that a model can look up every prefix of a text in one pass.
final class Vocabulary: @unchecked Sendable {
  /// The number of tokens with different texts.
  let count: Int
  private let bytes: UnsafeMutablePointer<UInt8>
  private let starts: UnsafeMutablePointer<UInt32>
  private let ids: UnsafeMutablePointer<Int32>
  private let slots: UnsafeMutablePointer<Slot>
  private let mask: Int
  private let entryOfID: [Int32: Int32]
  private let denseEntries: [Int32]

  private struct Slot {
    var tag: UInt32
    var entry: Int32
  }

  /// A token that occurs twice keeps the later number.
  init(_ entries: [(token: String, id: Int32)]) throws(TokenizerError) {
    var capacity = 16
    while capacity < entries.count * 2 { capacity *= 2 }
    mask = capacity - 1
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: Slot(tag: 0, entry: -1), count: capacity)
    let size = entries.reduce(0) { $0 + $1.token.utf8.count }
    bytes = .allocate(capacity: max(size, 1))
    starts = .allocate(capacity: entries.count + 1)
    ids = .allocate(capacity: max(entries.count, 1))
    starts[0] = 0
    var stored = 0
    var known = 0
    var largest: Int32 = -1
    for (token, id) in entries {
      var hash = Self.seed
      let start = stored
      for byte in token.utf8 {
        bytes[stored] = byte
        stored += 1
        hash = Self.extend(hash, byte)
      }
      let tag = Self.finish(hash)
      var slot = Int(tag) & mask
      var found: Int32 = -1
      while slots[slot].entry >= 0 {
        let entry = Int(slots[slot].entry)
        let length = Int(starts[entry + 1] - starts[entry])
        if slots[slot].tag == tag, length == stored - start,
          Self.equal(bytes + Int(starts[entry]), bytes + start, length)
        {
          found = slots[slot].entry
          break
        }
        slot = (slot + 1) & mask
      }
      largest = max(largest, id)
      if found >= 0 {
        ids[Int(found)] = id
        stored = start
      } else {
        slots[slot] = Slot(tag: tag, entry: Int32(known))
        ids[known] = id
        known += 1
        starts[known] = UInt32(stored)
      }
    }
    count = known
    // Numbers are dense as a rule; a file with huge ones must not make a huge table.
    var dense: [Int32] = []
    var sparse: [Int32: Int32] = [:]
    if Int(largest) < entries.count * 4 + 1024 {
      dense = Array(repeating: -1, count: Int(largest) + 1)
      for entry in 0..<known { dense[Int(ids[entry])] = Int32(entry) }
    } else {
      for entry in 0..<known { sparse[ids[entry]] = Int32(entry) }
    }
    denseEntries = dense
    entryOfID = sparse
  }

  deinit {
    bytes.deallocate()
    starts.deallocate()
    ids.deallocate()
    slots.deallocate()
  }

  static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  @inline(__always)
  static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  @inline(__always)
  static func finish(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash ^ hash >> 29 ^ hash >> 47)
  }

  @inline(__always)
  private static func equal(
    _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int
  ) -> Bool {
    for index in 0..<count where left[index] != right[index] { return false }
    return true
  }

  /// The number of the token `prefix + text`, whose hash is known; −1 when there is none.
  @inline(__always)
  func find(
    hash: UInt64, prefix: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>
  ) -> Int32 {
    let tag = Self.finish(hash)
    var slot = Int(tag) & mask
    while true {
      let found = slots[slot]
      if found.entry < 0 { return -1 }
      if found.tag == tag {
        let entry = Int(found.entry)
        let start = bytes + Int(starts[entry])
        if Int(starts[entry + 1] - starts[entry]) == prefix.count + text.count {
          var isEqual = true
          for index in prefix.indices where start[index] != prefix[index] {
            isEqual = false
            break
          }
          let tail = start + prefix.count
          if isEqual {
            for index in text.indices where tail[index] != text[index] {
              isEqual = false
              break
            }
          }
          if isEqual { return ids[entry] }
        }
      }
      slot = (slot + 1) & mask
    }
  }

  /// The number of a token; −1 when there is none.
  @inline(__always)
  func id(of text: UnsafeBufferPointer<UInt8>) -> Int32 {
    var hash = Self.seed
    for byte in text { hash = Self.extend(hash, byte) }
    return find(hash: hash, prefix: UnsafeBufferPointer(start: nil, count: 0), text)
  }

  /// The number of a token; nil when there is none.
  func id(of token: String) -> Int32? {
    let found = Array(token.utf8).withUnsafeBufferPointer { id(of: $0) }
    return found < 0 ? nil : found
  }

  /// The text of a token.
  func token(_ id: Int32) -> String? {
    let entry: Int32
    if denseEntries.isEmpty {
      guard let found = entryOfID[id] else { return nil }
      entry = found
    } else {
      guard denseEntries.indices.contains(Int(id)) else { return nil }
      entry = denseEntries[Int(id)]
    }
    guard entry >= 0 else { return nil }
    let start = Int(starts[Int(entry)])
    return String(
      decoding: UnsafeBufferPointer(
        start: bytes + start, count: Int(starts[Int(entry) + 1]) - start),
      as: UTF8.self)
  }
}
