/// Extended grapheme clusters, as far as the compiled character maps need them.
enum Graphemes {
  /// The end of the cluster that begins at `start`.
  static func end(_ text: UnsafeBufferPointer<UInt8>, after start: Int) -> Int {
    let first = text[start]
    guard start + 1 < text.count else { return text.count }
    let next = text[start + 1]
    if first < 0x80, next < 0x80 {
      return first == 0x0D && next == 0x0A ? start + 2 : start + 1
    }
    // Clusters of six bytes or more are taken apart anyway, so a short look ahead is enough.
    var end = min(start + 32, text.count)
    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
    let piece = String(decoding: UnsafeBufferPointer(rebasing: text[start..<end]), as: UTF8.self)
    return start + piece[piece.startIndex].utf8.count
  }
}
