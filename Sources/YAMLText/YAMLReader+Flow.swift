import JSONText

extension YAMLReader {
  /// A value that no indentation tells: a scalar, or a collection in brackets.
  mutating func flowNode(deeperThan indent: Int) throws(YAMLError) -> JSONValue {
    let value: JSONValue
    switch bytes[position] {
    case UInt8(ascii: "["), UInt8(ascii: "{"): value = try collection(depth: 0)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): value = .string(try quoted())
    case UInt8(ascii: "*"): value = try alias()
    case UInt8(ascii: "!"): throw failure("tags (!) are not read")
    case UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "%"):
      throw failure("no value begins so; write it between quotes")
    default: return YAMLScalar.value(of: try plain(deeperThan: indent))
    }
    skipSpaces()
    guard isLineEnd else { throw failure("something follows a value on its line") }
    return value
  }

  /// `[a, b]` or `{a: 1, b: 2}`, over any number of lines.
  private mutating func collection(depth: Int) throws(YAMLError) -> JSONValue {
    guard depth < 64 else { throw failure("values are nested deeper than 64 times") }
    let isList = bytes[position] == UInt8(ascii: "[")
    let end: StaticString = isList ? "]" : "}"
    position += 1
    var elements: [JSONValue] = []
    var members: [(String, JSONValue)] = []
    var names: Set<String> = []
    while true {
      try skipBlank()
      if starts(with: end) { break }
      if isList {
        elements.append(try element(depth))
      } else {
        guard let key = try element(depth, isKey: true).string else {
          throw failure("a key that is no text is not read")
        }
        guard names.insert(key).inserted else {
          throw failure("the key '\(key)' stands there twice")
        }
        try skipBlank()
        var value = JSONValue.null
        if starts(with: ":") {
          position += 1
          try skipBlank()
          if !starts(with: ","), !starts(with: "}") { value = try element(depth) }
        }
        members.append((key, value))
      }
      try skipBlank()
      if starts(with: ",") {
        position += 1
      } else if !starts(with: end) {
        throw failure("a comma or '\(end)' is missing")
      }
    }
    position += 1
    return isList ? .array(elements) : .object(members)
  }

  private mutating func element(
    _ depth: Int, isKey: Bool = false
  ) throws(YAMLError) -> JSONValue {
    guard position < bytes.count else { throw failure("a bracket is not closed") }
    try counted(1)
    switch bytes[position] {
    case UInt8(ascii: "["), UInt8(ascii: "{"): return try collection(depth: depth + 1)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try quoted())
    case UInt8(ascii: "*"): return try alias()
    case UInt8(ascii: "!"), UInt8(ascii: "&"):
      throw failure("tags and anchors are not read between brackets")
    default: break
    }
    var text = flowText()
    while starts(with: "\n") {
      try skipBlank()
      let isEnd = position >= bytes.count || isFlowMark(at: position) || starts(with: ":")
      if isEnd || starts(with: "#") { break }
      text += " " + flowText()
    }
    if text.isEmpty { throw failure("a value is missing") }
    return isKey ? .string(text) : YAMLScalar.value(of: text)
  }

  /// The part of a text without quotes that stands on this line.
  private mutating func flowText() -> String {
    let start = position
    scan: while position < bytes.count, !isFlowMark(at: position) {
      switch bytes[position] {
      case UInt8(ascii: "\n"): break scan
      case UInt8(ascii: ":") where isBlank(at: position + 1) || isFlowMark(at: position + 1):
        break scan
      case UInt8(ascii: "#") where position > start && isBlank(at: position - 1): break scan
      default: position += 1
      }
    }
    return trimmed(start..<position)
  }

  private func isFlowMark(at place: Int) -> Bool {
    place < bytes.count && ",[]{}".utf8.contains(bytes[place])
  }
}
