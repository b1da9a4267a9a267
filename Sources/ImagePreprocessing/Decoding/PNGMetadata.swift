import CGzip

extension ImageMetadata {
  /// Reads the chunks that tell of a PNG's orientation (W3C PNG, clause 11.3): `eXIf`, and those of text
  /// with EXIF data or XMP. Of several with the same the last one counts.
  init(png bytes: UnsafeRawBufferPointer) {
    var latinXMP: [UInt8]?
    for chunk in PNGChunks(bytes) {
      if chunk.name == "eXIf" {
        // As if it had JPEG's signature, of which two are passed over.
        exif = OrientationTag.signature + chunk.contents
        continue
      }
      guard let text = PNGText(chunk) else { continue }
      switch text.keyword {
      case "exif":
        // PIL takes the bytes of a plain text for EXIF data, and fails with the others.
        exif = chunk.name == "tEXt" ? text.value : [0]
      case "Raw profile type exif": rawProfile = text.value
      case "XML:com.adobe.xmp":
        if chunk.name == "iTXt" { xmp = text.value }
        if text.isValid { latinXMP = text.value }
      default: break
      }
    }
    if let latinXMP, !latinXMP.isEmpty { xmp = latinXMP }
  }
}

/// A text in a PNG: uncompressed (`tEXt`), compressed (`zTXt`), or international and either (`iTXt`).
private struct PNGText {
  var keyword: String
  var value: [UInt8]
  /// Whether the value is text in its encoding.
  var isValid = true

  /// More expanded bytes than these are not read, as in PIL.
  private static let maximumBytes = 1 << 20

  /// `nil` for other chunks, and for damaged ones.
  init?(_ chunk: PNGChunks.Chunk) {
    guard ["tEXt", "zTXt", "iTXt"].contains(chunk.name) else { return nil }
    var parts = chunk.contents.split(
      separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    keyword = String(decoding: parts[0], as: UTF8.self)
    let rest = parts.count > 1 ? parts[1] : []
    switch chunk.name {
    case "tEXt": value = Array(rest)
    case "zTXt":
      guard rest.first ?? 0 == 0 else { return nil }
      value = Self.expanded(rest.dropFirst()) ?? []
    default:
      guard rest.count >= 2 else { return nil }
      let (flag, method) = (rest[rest.startIndex], rest[rest.startIndex + 1])
      parts = rest.dropFirst(2).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      if flag == 0 {
        value = Array(parts[2])
      } else {
        guard method == 0, let text = Self.expanded(parts[2]) else { return nil }
        value = text
      }
      isValid =
        [parts[0], parts[1], value[...]].allSatisfy { String(validating: $0, as: UTF8.self) != nil }
    }
  }

  private static func expanded(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    bytes.withUnsafeBufferPointer { source in
      guard let inflater = needletail_inflate_begin(source.baseAddress, source.count) else {
        return nil
      }
      defer { needletail_inflate_end(inflater) }
      var result: [UInt8] = []
      while true {
        var status: CInt = 0
        let piece = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
          status = needletail_inflate(inflater, buffer.baseAddress, buffer.count, &count)
        }
        result += piece
        if status == 0 { return result }
        if status < 0 || result.count > maximumBytes { return nil }
      }
    }
  }
}

/// The chunks of a PNG, up to one that is cut off.
struct PNGChunks: Sequence, IteratorProtocol {
  struct Chunk {
    let name: String
    let contents: ArraySlice<UInt8>
  }

  private let bytes: UnsafeRawBufferPointer
  private var position = 8

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next chunk that is not one of image data.
  mutating func next() -> Chunk? {
    while position + 12 <= bytes.count {
      let length = Int(
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
      let start = position + 8
      guard start + length + 4 <= bytes.count else { return nil }
      let name = String(decoding: bytes[position + 4..<start], as: UTF8.self)
      if name == "IEND" { return nil }
      position = start + length + 4
      if name == "IDAT" || name == "fdAT" { continue }
      return Chunk(name: name, contents: Array(bytes[start..<start + length])[...])
    }
    return nil
  }
}
