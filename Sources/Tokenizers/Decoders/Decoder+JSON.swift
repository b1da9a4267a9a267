extension Decoder {
  /// The `decoder` section of a tokenizer file.
  init(_ json: JSONReader) throws(TokenizerError) {
    let type = try json.required("type").string
    switch type {
    case "Sequence":
      self = .sequence(try json.required("decoders").elements.map(Decoder.init))
    case "WordPiece":
      self = .wordPiece(
        prefix: try json.required("prefix").string, cleansUp: try json.required("cleanup").bool)
    case "ByteLevel": self = .byteLevel
    case "Metaspace":
      let metaspace = try Metaspace(json)
      self = .metaspace(
        replacement: try json.required("replacement").scalar,
        prepends: metaspace.prepending != .never)
    case "BPEDecoder": self = .bpe(suffix: try json.required("suffix").string)
    case "CTC":
      self = .ctc(
        padding: try json.required("pad_token").string,
        delimiter: try json.required("word_delimiter_token").string,
        cleansUp: try json.required("cleanup").bool)
    case "Fuse": self = .fuse
    case "Strip":
      self = .strip(
        content: try json.required("content").scalar, start: try json.required("start").count,
        stop: try json.required("stop").count)
    case "Replace":
      self = .replace(
        try TextPattern(try json.required("pattern")),
        content: UTF8Text.scalars(try json.required("content").string))
    case "ByteFallback": self = .byteFallback
    default: throw json.failure("unknown decoder \"\(type)\"", code: .unsupported)
    }
  }
}
