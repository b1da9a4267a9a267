/// What a file says beside its pixels, as far as it tells how the image is to be turned.
///
/// The rules are those of PIL's `getexif` and `exif_transpose`: EXIF data go first, and XMP is asked if
/// these have no such tag.
struct ImageMetadata {
  /// EXIF data, with or without the signature that JPEG puts before them; `nil` if there are none.
  var exif: [UInt8]?
  /// ImageMagick's form of EXIF data: three lines, and hexadecimal digits. Asked if ``exif`` is `nil`.
  var rawProfile: [UInt8]?
  /// XMP, as text in XML.
  var xmp: [UInt8] = []

  var orientation: ExifOrientation {
    var tag = OrientationTag.absent
    if let exif {
      tag = OrientationTag(exif: exif)
    } else if let rawProfile {
      guard let exif = Self.bytes(ofProfile: rawProfile) else { return .upright }
      tag = OrientationTag(exif: exif)
    }
    switch tag {
    case .present(let orientation): return orientation
    case .absent: return Self.orientation(inXMP: xmp) ?? .upright
    }
  }

  /// The bytes behind the third line of a profile, two digits each; `nil` if they are no such digits.
  private static func bytes(ofProfile text: [UInt8]) -> [UInt8]? {
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var bytes: [UInt8] = []
    var first: UInt8?
    for character in lines.dropFirst(3).joined() {
      // White space may stand between bytes.
      if first == nil, character == 0x20 || (0x09...0x0D).contains(character) { continue }
      guard let digit = Character(Unicode.Scalar(character)).hexDigitValue, character < 0x80 else {
        return nil
      }
      if let high = first {
        bytes.append(high << 4 | UInt8(digit))
        first = nil
      } else {
        first = UInt8(digit)
      }
    }
    return first == nil ? bytes : nil
  }

  /// The first `tiff:Orientation`, as an attribute or an element.
  private static func orientation(inXMP text: [UInt8]) -> ExifOrientation? {
    let name = Array("tiff:Orientation".utf8)
    var rest = text[...]
    while let start = rest.firstIndex(of: name[0]) {
      rest = rest[start...]
      if rest.starts(with: name) {
        let value = rest.dropFirst(name.count)
        for opening in [#"=""#, ">"] where value.starts(with: opening.utf8) {
          let digit = value.dropFirst(opening.utf8.count).first.map { Int($0) - 0x30 }
          if let digit, (0...9).contains(digit) {
            return ExifOrientation(rawValue: digit) ?? .upright
          }
        }
      }
      rest = rest.dropFirst()
    }
    return nil
  }
}
