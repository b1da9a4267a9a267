package import JSONText

extension JSONValue {
  /// Reads a document of YAML 1.2: what JSON can say, in YAML's words.
  ///
  /// Written by hand, since the packages that there are for Swift bring Foundation with them, and all of
  /// Unicode's data with that. Block and flow collections, all kinds of scalars, anchors and comments
  /// are read. Refused by name are tags, keys that are no plain text, merging (`<<`), a second document,
  /// and a key that stands twice in a mapping.
  ///
  /// - Throws: ``YAMLError`` that names the line.
  package init(yaml bytes: [UInt8]) throws(YAMLError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw YAMLError(message: "the text is not in UTF-8", line: 1)
    }
    var reader = YAMLReader(text)
    self = try reader.document()
  }
}
