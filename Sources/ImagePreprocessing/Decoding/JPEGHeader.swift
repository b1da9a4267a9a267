/// What can be said of a JPEG file without decoding it (ITU-T T.81, annex B).
struct JPEGHeader {
  var width: Int
  var height: Int
  var componentCount: Int
  /// The segments with EXIF data, which go on from one to the next, and the last one with XMP.
  private var exif: [UnsafeRawBufferPointer] = []
  private var xmp: UnsafeRawBufferPointer?
  /// Where the first scan begins: at its marker.
  private var scanStart: Int

  /// - Throws: ``ImageError`` when there is no frame to decode.
  init(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
    var walk = JPEGMarkers(bytes, from: 2)
    var frame: (width: Int, height: Int, components: Int, precision: Int)?
    var exif: [UnsafeRawBufferPointer] = []
    var xmp: UnsafeRawBufferPointer?
    while let marker = walk.next() {
      let segment = marker.segment
      switch marker.code {
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
        guard segment.count >= 6 else {
          throw ImageError(.damaged, "the JPEG's frame header is cut short")
        }
        frame = (
          Int(segment[3]) << 8 | Int(segment[4]), Int(segment[1]) << 8 | Int(segment[2]),
          Int(segment[5]), Int(segment[0])
        )
      case 0xE1 where segment.starts(with: OrientationTag.signature):
        exif.append(segment)
      case 0xE1 where segment.starts(with: Self.xmpSignature):
        xmp = UnsafeRawBufferPointer(rebasing: segment.dropFirst(Self.xmpSignature.count))
      case 0xDA:
        guard let frame else {
          throw ImageError(.damaged, "the JPEG's data begin before its frame header")
        }
        guard frame.precision == 8 else {
          throw ImageError(
            .unsupportedFormat,
            "the JPEG has \(frame.precision)-bit samples; only 8-bit ones are supported")
        }
        guard [1, 3, 4].contains(frame.components) else {
          throw ImageError(
            .unsupportedFormat,
            "the JPEG has \(frame.components) components; 1 (grey), 3 (colour) and 4 (CMYK) are "
              + "supported")
        }
        (width, height) = (frame.width, frame.height)
        componentCount = frame.components
        self.exif = exif
        self.xmp = xmp
        scanStart = marker.position
        return
      case 0xD9: throw ImageError(.damaged, "the JPEG ends without image data")
      default: break
      }
    }
    throw ImageError(
      .truncated, "the JPEG ends within its header, after \(bytes.count) bytes; was it cut off?")
  }

  private static let xmpSignature = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

  /// What tells of the orientation; the file's bytes must still be there.
  var metadata: ImageMetadata {
    var metadata = ImageMetadata()
    if let first = exif.first {
      metadata.exif =
        Array(first) + exif.dropFirst().flatMap { $0.dropFirst(OrientationTag.signature.count) }
    }
    metadata.xmp = xmp.map(Array.init) ?? []
    return metadata
  }

  /// Whether the file's last scan is followed by the end marker.
  func hasEnd(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var walk = JPEGMarkers(bytes, from: scanStart)
    while let marker = walk.next() {
      if marker.code == 0xD9 { return true }
    }
    return false
  }
}

/// The markers of a JPEG file one after the other, compressed data between them passed over.
struct JPEGMarkers {
  struct Marker {
    var code: UInt8
    /// Where its 0xFF is.
    var position: Int
    /// The bytes of its segment, the length left out.
    var segment: UnsafeRawBufferPointer
  }

  private let bytes: UnsafeRawBufferPointer
  private var position: Int

  init(_ bytes: UnsafeRawBufferPointer, from start: Int) {
    self.bytes = bytes
    position = start
  }

  /// The next marker whose segment is whole; `nil` at the end of the bytes.
  mutating func next() -> Marker? {
    while position + 1 < bytes.count {
      let code = bytes[position + 1]
      guard bytes[position] == 0xFF, code != 0xFF else {
        position += 1
        continue
      }
      let start = position
      switch code {
      case 0x00, 0x01, 0xD0...0xD8:
        // A stuffed byte of compressed data, or a marker without a segment.
        position += 2
      case 0xD9:
        position += 2
        return Marker(code: code, position: start, segment: .init(rebasing: bytes[0..<0]))
      default:
        guard start + 4 <= bytes.count else { return nil }
        let length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
        let end = start + 2 + max(length, 2)
        guard end <= bytes.count else { return nil }
        position = end
        return Marker(
          code: code, position: start, segment: .init(rebasing: bytes[start + 4..<end]))
      }
    }
    return nil
  }
}
