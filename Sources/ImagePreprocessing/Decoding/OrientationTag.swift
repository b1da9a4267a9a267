/// EXIF's tag 0x0112 in EXIF data, which are a TIFF structure (TIFF 6.0, section 2).
///
/// It should be one 16-bit number; as PIL does, every type of number is taken, and the first of several
/// values.
enum OrientationTag {
  /// The data have no such tag, so that others may tell.
  case absent
  /// What the tag says; upright if that is nothing known, or the data are no TIFF.
  case present(ExifOrientation)

  init(exif: [UInt8]) {
    var data = exif[...]
    for _ in 0..<2 where data.starts(with: Self.signature) {
      data = data.dropFirst(Self.signature.count)
    }
    if data.isEmpty {
      self = .absent
      return
    }
    self = Array(data).withUnsafeBytes { bytes in
      guard let tiff = TIFFReader(bytes) else { return .present(.upright) }
      guard let value = tiff.value(of: 0x0112) else { return .absent }
      return .present(value.number.flatMap(ExifOrientation.init(rawValue:)) ?? .upright)
    }
  }

  /// What JPEG puts before EXIF data.
  static let signature: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]
}

/// Reads the first directory of a TIFF structure.
private struct TIFFReader {
  private let bytes: UnsafeRawBufferPointer
  private let isLittleEndian: Bool

  /// `nil` if the header is none of TIFF's.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 8 else { return nil }
    switch (bytes[0], bytes[1], bytes[2], bytes[3]) {
    // The version also in the wrong order of bytes, as some cameras write it.
    case (0x4D, 0x4D, 0, 0x2A), (0x4D, 0x4D, 0x2A, 0), (0x4D, 0x4D, 0, 0x2B): isLittleEndian = false
    case (0x49, 0x49, 0x2A, 0), (0x49, 0x49, 0, 0x2A): isLittleEndian = true
    default: return nil
    }
    self.bytes = bytes
  }

  struct Value {
    /// The first value, if it is a whole number.
    var number: Int?
  }

  /// The bytes of a value of each type that is known, by the type's number.
  private static let sizes: [Int: Int] = [
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8,
  ]

  /// The first usable entry for `wanted`. An entry whose values lie beyond the end is the last one, as
  /// in PIL.
  func value(of wanted: Int) -> Value? {
    guard let directory = unsigned(at: 4, bytes: 4), let count = unsigned(at: directory, bytes: 2)
    else { return nil }
    var total = 0
    for index in 0..<count {
      let entry = directory + 2 + index * 12
      guard entry + 12 <= bytes.count, let tag = unsigned(at: entry, bytes: 2),
        let type = unsigned(at: entry + 2, bytes: 2), let number = unsigned(at: entry + 4, bytes: 4)
      else { return nil }
      guard let width = Self.sizes[type] else { continue }
      let size = number * width
      var place = entry + 8
      if size > 4 {
        guard let offset = unsigned(at: place, bytes: 4) else { return nil }
        total += size
        if total > bytes.count { continue }
        place = offset
        if place + size > bytes.count { return nil }
      }
      if tag == wanted, size > 0 { return Value(number: self.number(at: place, type: type)) }
    }
    return nil
  }

  /// The number at `place`, `nil` if it is not whole, or its type is one of bytes or text.
  private func number(at place: Int, type: Int) -> Int? {
    switch type {
    case 3: return unsigned(at: place, bytes: 2)
    case 4, 13: return unsigned(at: place, bytes: 4)
    case 16: return unsigned(at: place, bytes: 8)
    case 6: return unsigned(at: place, bytes: 1).map { Int(Int8(truncatingIfNeeded: $0)) }
    case 8: return unsigned(at: place, bytes: 2).map { Int(Int16(truncatingIfNeeded: $0)) }
    case 9: return signed(at: place)
    case 5: return quotient(unsigned(at: place, bytes: 4), unsigned(at: place + 4, bytes: 4))
    case 10: return quotient(signed(at: place), signed(at: place + 4))
    case 11:
      return unsigned(at: place, bytes: 4).flatMap {
        Int(exactly: Float(bitPattern: UInt32(truncatingIfNeeded: $0)))
      }
    case 12:
      return unsigned(at: place, bytes: 8).flatMap {
        Int(exactly: Double(bitPattern: UInt64(truncatingIfNeeded: $0)))
      }
    default: return nil
    }
  }

  private func quotient(_ numerator: Int?, _ denominator: Int?) -> Int? {
    guard let numerator, let denominator, denominator != 0, numerator % denominator == 0 else {
      return nil
    }
    return numerator / denominator
  }

  private func signed(at offset: Int) -> Int? {
    unsigned(at: offset, bytes: 4).map { Int(Int32(truncatingIfNeeded: $0)) }
  }

  private func unsigned(at offset: Int, bytes width: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - width else { return nil }
    return (0..<width).reduce(0) { value, index in
      value << 8 | Int(bytes[offset + (isLittleEndian ? width - 1 - index : index)])
    }
  }
}
