import JSONText

/// Reads YAML from its first byte to its last.
struct YAMLReader {
  let bytes: [UInt8]
  var position = 0
  private var depth = 0
  /// What is behind each `&name`, and how many values that is.
  private var anchors: [String: (value: JSONValue, count: Int)] = [:]
  /// The values so far, those behind each `*name` counted again.
  private var count = 0

  private static let maximumDepth = 64
  /// A few lines of names for names could stand for more than any memory holds.
  private static let maximumCount = 1_000_000

  init(_ text: String) {
    // Line ends of other systems are read as this one's; a byte order mark says nothing.
    var bytes: [UInt8] = []
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let start = text.utf8.starts(with: mark) ? mark.count : 0
    for byte in text.utf8.dropFirst(start) where byte != 0x0D {
      bytes.append(byte)
    }
    self.bytes = bytes
  }

  // MARK: Documents

  mutating func document() throws(YAMLError) -> JSONValue {
    try skipBlank()
    if starts(with: "%") { throw failure("directives (%) are not read") }
    if isMarker("---") { position += 3 }
    let value = try node(deeperThan: -1)
    try skipBlank()
    if isMarker("...") {
      position += 3
      try skipBlank()
    }
    if isMarker("---") { throw failure("a second document begins; one is read") }
    guard position == bytes.count else {
      throw failure("this is not part of what stands before it; check how far it is indented")
    }
    return value
  }

  func isMarker(_ text: StaticString) -> Bool {
    isLineStart && starts(with: text) && isBlank(at: position + 3)
  }

  // MARK: Block nodes

  /// The value of which each line is indented by more than `indent`; null if there is none.
  ///
  /// - Parameter isOfKey: whether it follows a key: then the entries of a list may stand below the key.
  mutating func node(deeperThan indent: Int, isOfKey: Bool = false) throws(YAMLError) -> JSONValue {
    let start = position
    try skipBlank()
    let isList = isEntry
    guard position < bytes.count, !isMarker("---"), !isMarker("...") else { return .null }
    guard column > indent || (isOfKey && isList && column == indent) else {
      position = start
      return .null
    }
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw failure("values are nested deeper than \(Self.maximumDepth) times")
    }
    try counted(1)
    // One line tells one value: what stands there twice is a text that lacks its quotes.
    if isOfKey, !bytes[start..<position].contains(UInt8(ascii: "\n")) {
      if isList { throw failure("a list begins on the line of its key; write it below") }
      if try keyEnd() != nil {
        throw failure("a key stands behind a key; put the text between quotes")
      }
    }
    if starts(with: "&") { return try anchored(deeperThan: indent, isOfKey: isOfKey) }
    if isList { return try list(at: column) }
    if try keyEnd() != nil { return try mapping(at: column) }
    if starts(with: "|") || starts(with: ">") { return .string(try blockText(indent)) }
    return try flowNode(deeperThan: indent)
  }

  private var isEntry: Bool { starts(with: "-") && isBlank(at: position + 1) }

  private mutating func list(at indent: Int) throws(YAMLError) -> JSONValue {
    var elements: [JSONValue] = []
    while position < bytes.count, column == indent, isEntry {
      position += 1
      elements.append(try node(deeperThan: indent))
      try skipBlank()
    }
    return .array(elements)
  }

  private mutating func mapping(at indent: Int) throws(YAMLError) -> JSONValue {
    var members: [(String, JSONValue)] = []
    var names: Set<String> = []
    while position < bytes.count, column == indent, !isMarker("---"), !isMarker("..."),
      let end = try keyEnd()
    {
      let key = try keyText(to: end)
      guard names.insert(key).inserted else { throw failure("the key '\(key)' stands there twice") }
      if key == "<<" { throw failure("mappings are not merged (<<); write the keys out") }
      position = end + 1
      members.append((key, try node(deeperThan: indent, isOfKey: true)))
      try skipBlank()
    }
    return .object(members)
  }

  // MARK: Keys

  /// Where the colon is behind the key that begins here; `nil` if none does.
  private func keyEnd() throws(YAMLError) -> Int? {
    guard position < bytes.count else { return nil }
    if starts(with: "?"), isBlank(at: position + 1) {
      throw failure("keys behind a question mark are not read; write KEY: VALUE")
    }
    var scan = self
    if starts(with: "\"") || starts(with: "'") {
      guard (try? scan.quoted()) != nil,
        !bytes[position..<scan.position].contains(UInt8(ascii: "\n"))
      else { return nil }
      scan.skipSpaces()
      return scan.starts(with: ":") && isBlank(at: scan.position + 1) ? scan.position : nil
    }
    if "[{|>*&!%@`#,]}".utf8.contains(bytes[position]) { return nil }
    for place in position..<bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\n"): return nil
      case UInt8(ascii: "#") where place > 0 && isBlank(at: place - 1): return nil
      case UInt8(ascii: ":") where isBlank(at: place + 1): return place
      default: break
      }
    }
    return nil
  }

  private mutating func keyText(to end: Int) throws(YAMLError) -> String {
    if starts(with: "\"") || starts(with: "'") { return try quoted() }
    return trimmed(position..<end)
  }

  // MARK: Names for values

  private mutating func name() throws(YAMLError) -> String {
    position += 1
    let start = position
    while position < bytes.count, !isBlank(at: position),
      !",[]{}".utf8.contains(bytes[position])
    { position += 1 }
    if position == start { throw failure("a name of an anchor is missing") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func anchored(
    deeperThan indent: Int, isOfKey: Bool
  ) throws(YAMLError) -> JSONValue {
    let name = try name()
    let before = count
    let value = try node(deeperThan: indent, isOfKey: isOfKey)
    anchors[name] = (value, count - before)
    return value
  }

  mutating func alias() throws(YAMLError) -> JSONValue {
    let name = try name()
    guard let anchor = anchors[name] else { throw failure("nothing is called &\(name)") }
    try counted(anchor.count)
    return anchor.value
  }

  mutating func counted(_ more: Int) throws(YAMLError) {
    count += more
    if count > Self.maximumCount {
      throw failure("there are more than \(Self.maximumCount) values")
    }
  }
}
