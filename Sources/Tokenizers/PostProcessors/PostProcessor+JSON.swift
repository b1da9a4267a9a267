extension PostProcessor {
  /// The `post_processor` section of a tokenizer file.
  init(_ json: JSONReader) throws(TokenizerError) {
    let type = try json.required("type").string
    switch type {
    case "Sequence":
      self = .sequence(try json.required("processors").elements.map(PostProcessor.init))
    case "TemplateProcessing": self = .template(try TemplateProcessing(json))
    case "BertProcessing":
      self = .bert(separator: try Self.token(json, "sep"), classifier: try Self.token(json, "cls"))
    case "RobertaProcessing":
      self = .roberta(
        separator: try Self.token(json, "sep"), classifier: try Self.token(json, "cls"),
        trimsOffsets: try json.required("trim_offsets").bool,
        addsPrefixSpace: try json.required("add_prefix_space").bool)
    case "ByteLevel":
      self = .byteLevel(
        trimsOffsets: try json.required("trim_offsets").bool,
        addsPrefixSpace: try json.required("add_prefix_space").bool)
    default:
      throw json.failure("unknown post-processor \"\(type)\"", code: .unsupported)
    }
  }

  private static func token(
    _ json: JSONReader, _ name: String
  ) throws(TokenizerError) -> SpecialToken {
    let member = try json.required(name)
    let pair = try member.elements
    guard pair.count == 2 else { throw member.failure("expected a token and its number") }
    return (try pair[0].string, try pair[1].count)
  }
}
