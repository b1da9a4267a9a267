/// What the components need to know about Unicode scalars, unpacked once from ``UnicodeData``.
///
/// The data are those of the reference library, which mixes several versions of Unicode; that is
/// why neither the standard library's nor Foundation's properties are used.
final class UnicodeTables: @unchecked Sendable {
  static let shared = UnicodeTables()

  private static let blockSize = 256
  private static let scalarCount = 0x110000

  /// Number of the block for each 256 code points, and a class for each scalar of a block.
  private let blocks: UnsafeMutablePointer<UInt16>
  private let classes: UnsafeMutablePointer<UInt8>
  /// The properties of each class.
  private let kinds: UnsafeMutablePointer<ScalarKind>
  /// The kinds of the first 128 scalars.
  private let asciiKinds: UnsafeMutablePointer<ScalarKind>

  private let canonical: ScalarMap
  private let compatible: ScalarMap
  let lower: ScalarMap
  private let combining: ScalarMap
  private let composites: [UInt64: UInt32]
  private let scriptStarts: [UInt32]
  private let scriptNumbers: [UInt8]

  private init() {
    var reader = PackedData(UnicodeData.classes)
    let kindCount = Int(reader.byte()) == 0 ? 256 : Int(reader.position(0))
    kinds = .allocate(capacity: 256)
    kinds.initialize(repeating: ScalarKind(rawValue: 0), count: 256)
    for index in 0..<kindCount {
      let low = UInt16(reader.byte())
      kinds[index] = ScalarKind(rawValue: low | UInt16(reader.byte()) << 8)
    }
    var flat = [UInt8]()
    flat.reserveCapacity(Self.scalarCount)
    while !reader.isAtEnd {
      let length = reader.varint()
      flat.append(contentsOf: repeatElement(reader.byte(), count: length))
    }
    var known: [[UInt8]: UInt16] = [:]
    var stored: [UInt8] = []
    blocks = .allocate(capacity: Self.scalarCount / Self.blockSize)
    for block in 0..<Self.scalarCount / Self.blockSize {
      let content = Array(flat[block * Self.blockSize..<(block + 1) * Self.blockSize])
      let number = known[content] ?? UInt16(known.count)
      if known[content] == nil {
        known[content] = number
        stored += content
      }
      blocks[block] = number
    }
    classes = .allocate(capacity: stored.count)
    classes.initialize(from: stored, count: stored.count)
    asciiKinds = .allocate(capacity: 128)
    for scalar in 0..<128 { asciiKinds[scalar] = kinds[Int(flat[scalar])] }

    canonical = ScalarMap(UnicodeData.canonical)
    compatible = ScalarMap(UnicodeData.compatible)
    lower = ScalarMap(UnicodeData.lowercase)
    combining = ScalarMap(UnicodeData.combining)
    var composites: [UInt64: UInt32] = [:]
    ScalarMap(UnicodeData.compositions).forEach { composite, pair in
      composites[UInt64(pair[0]) << 32 | UInt64(pair[1])] = composite
    }
    self.composites = composites
    var starts: [UInt32] = []
    var numbers: [UInt8] = []
    var scripts = PackedData(UnicodeData.scripts)
    var start = 0
    while !scripts.isAtEnd {
      starts.append(UInt32(start))
      start += scripts.varint()
      numbers.append(scripts.byte())
    }
    scriptStarts = starts
    scriptNumbers = numbers
  }

  deinit {
    blocks.deallocate()
    classes.deallocate()
    kinds.deallocate()
    asciiKinds.deallocate()
  }

  /// The properties of a scalar.
  @inline(__always)
  func kind(_ scalar: UInt32) -> ScalarKind {
    if scalar < 0x80 { return asciiKinds[Int(scalar)] }
    return kinds[Int(classes[Int(blocks[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)])]
  }

  /// The canonical combining class.
  @inline(__always)
  func combiningClass(_ scalar: UInt32) -> UInt32 {
    scalar < 0x300 ? 0 : (combining.first(scalar) ?? 0)
  }

  /// The full canonical (or compatibility) decomposition; nil for a scalar that stays.
  func decomposition(_ scalar: UInt32, compatibility: Bool) -> ArraySlice<UInt32>? {
    if scalar < 0xA0 { return nil }
    if compatibility, let found = compatible[scalar] { return found }
    return canonical[scalar]
  }

  /// The lower case of a scalar; nil where it stays.
  func lowercase(_ scalar: UInt32) -> ArraySlice<UInt32>? { lower[scalar] }

  /// The primary composite of two scalars that are not Hangul.
  func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    composites[UInt64(first) << 32 | UInt64(second)]
  }

  /// The number of the script; 0 for scalars that go with any script.
  func script(_ scalar: UInt32) -> UInt8 {
    var low = 0
    var high = scriptStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if scriptStarts[middle] <= scalar { low = middle } else { high = middle }
    }
    return scriptNumbers[low]
  }
}
