extension String {
  /// The text with each `part` replaced, byte for byte: also where a mark behind the part makes another
  /// character of its end, which a shell or a compiler does not care for.
  package func replacingBytes(of part: String, with other: String) -> String {
    String(
      decoding: Array(utf8).replacing(Array(part.utf8), with: Array(other.utf8)), as: UTF8.self)
  }
}
