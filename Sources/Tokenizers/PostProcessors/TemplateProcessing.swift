/// Templates for one text and for a pair: special tokens and texts in order.
struct TemplateProcessing: Sendable {
  enum Part: Sendable {
    /// The first (0) or second (1) text.
    case text(Int, typeID: Int)
    case special(name: String, typeID: Int)
  }

  private let single: [Part]
  private let pair: [Part]
  private let special: [String: [PostProcessor.SpecialToken]]

  init(_ json: JSONReader) throws(TokenizerError) {
    var special: [String: [PostProcessor.SpecialToken]] = [:]
    let tokens = try json.required("special_tokens")
    for (name, value) in try tokens.members {
      let token = JSONReader(value: value, path: "\(tokens.path).\(name)")
      let ids = try token.required("ids").elements
      let texts = try token.required("tokens").elements
      guard ids.count == texts.count else {
        throw token.failure("has \(ids.count) ids and \(texts.count) tokens")
      }
      var list: [PostProcessor.SpecialToken] = []
      for (id, text) in zip(ids, texts) { list.append((try text.string, try id.count)) }
      special[name] = list
    }
    self.special = special
    single = try Self.parts(try json.required("single"), special, texts: 1)
    pair = try Self.parts(try json.required("pair"), special, texts: 2)
  }

  private static func parts(
    _ json: JSONReader, _ special: [String: [PostProcessor.SpecialToken]], texts: Int
  ) throws(TokenizerError) -> [Part] {
    var parts: [Part] = []
    for element in try json.elements {
      if let text = try element.optional("Sequence") {
        let name = try text.required("id").string
        let number = name == "A" ? 0 : name == "B" ? 1 : 2
        guard number < texts else {
          throw text.failure("the template for \(texts) text(s) uses the sequence \"\(name)\"")
        }
        parts.append(.text(number, typeID: try text.required("type_id").count))
      } else if let token = try element.optional("SpecialToken") {
        let name = try token.required("id").string
        guard special[name] != nil else {
          throw token.failure("\"\(name)\" is not among the special tokens of the template")
        }
        parts.append(.special(name: name, typeID: try token.required("type_id").count))
      } else {
        throw element.failure("expected a Sequence or a SpecialToken")
      }
    }
    return parts
  }

  func addedTokens(isPair: Bool) -> Int {
    (isPair ? pair : single).reduce(0) { count, part in
      if case .special(let name, _) = part { return count + (special[name]?.count ?? 0) }
      return count
    }
  }

  func apply(
    _ encodings: [Encoding], _ addSpecialTokens: Bool
  ) throws(TokenizerError) -> [Encoding] {
    guard encodings.count <= 2 else {
      throw TokenizerError(
        .unsupported, "a template behind another template, which gives \(encodings.count) parts")
    }
    var result: [Encoding] = []
    for part in encodings.count == 2 ? pair : single {
      switch part {
      case .text(let number, let typeID):
        var encoding = encodings[number]
        encoding.setTypeIDs(typeID)
        result.append(encoding)
      case .special(let name, let typeID):
        if addSpecialTokens {
          result.append(Encoding(special: special[name] ?? [], typeID: typeID))
        }
      }
    }
    return result
  }
}
