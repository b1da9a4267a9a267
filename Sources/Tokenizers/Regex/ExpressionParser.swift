/// Parses regular expressions in the syntax that tokenizer files use: Oniguruma's, Ruby flavour.
///
/// Known: classes and their escapes, Unicode's and POSIX's properties, groups, backreferences and
/// calls of groups, alternatives, greedy, lazy and possessive repetition, look-around, atomic groups,
/// anchors, `\K`, the options i, m and x. Not known, with an error that says so: calls of a group
/// within itself, conditionals, absent operators, grapheme clusters.
struct ExpressionParser {
  /// Deeper nesting than any sensible expression has.
  static let maximumDepth = 50
  /// More repetitions of one unit (`a{2}{3}`) than any sensible expression has; each nests what is before.
  private static let maximumRepetitions = 10

  struct Options {
    var ignoresCase = false
    var dotMatchesBreaks = false
    var isExtended = false
  }

  let scalars: [UInt32]
  var position = 0
  var options = Options()
  var groups: ExpressionGroups

  static func parse(_ text: String) throws(TokenizerError) -> ExpressionNode {
    let scalars = UTF8Text.scalars(text)
    var survey = ExpressionParser(scalars: scalars, groups: ExpressionGroups())
    let node = try survey.whole()
    guard survey.groups.found.hasReferences else { return node }
    var parser = ExpressionParser(
      scalars: scalars, groups: ExpressionGroups(after: survey.groups.found))
    return try parser.whole()
  }

  private mutating func whole() throws(TokenizerError) -> ExpressionNode {
    let node = try alternatives(depth: 0)
    guard position == scalars.count else {
      throw failure("a closing parenthesis without an opening one")
    }
    return node
  }

  private init(scalars: [UInt32], groups: ExpressionGroups) {
    self.scalars = scalars
    self.groups = groups
  }

  func failure(_ message: String) -> TokenizerError {
    TokenizerError(
      .unsupported, "the regular expression cannot be used, at character \(position): \(message)")
  }

  var current: UInt32? { position < scalars.count ? scalars[position] : nil }

  func isNext(_ character: Unicode.Scalar) -> Bool { current == character.value }

  mutating func take(_ text: String) -> Bool {
    let wanted = UTF8Text.scalars(text)
    guard scalars[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  /// Reads the characters from here on for which `belongs` is true.
  mutating func text(while belongs: (Unicode.Scalar) -> Bool) -> String {
    var text = ""
    while let scalar = current.flatMap({ Unicode.Scalar($0) }), belongs(scalar) {
      text.unicodeScalars.append(scalar)
      position += 1
    }
    return text
  }

  mutating func alternatives(depth: Int) throws(TokenizerError) -> ExpressionNode {
    guard depth < Self.maximumDepth else {
      throw failure("groups are nested deeper than \(Self.maximumDepth) levels")
    }
    // An option without a group holds to the end of the group around it, alternatives included.
    let saved = options
    defer { options = saved }
    var nodes = [try sequence(depth: depth)]
    while take("|") { nodes.append(try sequence(depth: depth)) }
    return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
  }

  private mutating func sequence(depth: Int) throws(TokenizerError) -> ExpressionNode {
    var nodes: [ExpressionNode] = []
    while let scalar = current, scalar != 0x7C, scalar != 0x29 {
      if options.isExtended, skipExtended() { continue }
      // Options that stand alone make the rest of the group one node, as Ruby has it.
      guard var node = try atom(depth: depth) else { continue }
      var repetitions = 0
      while let repeated = try quantified(node) {
        node = repeated
        repetitions += 1
        guard repetitions <= Self.maximumRepetitions else {
          throw failure("more than \(Self.maximumRepetitions) repetitions of one unit")
        }
      }
      nodes.append(node)
    }
    return .sequence(nodes)
  }

  private mutating func skipExtended() -> Bool {
    switch current {
    case 0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D:
      position += 1
      return true
    case 0x23:
      while let scalar = current, scalar != 0x0A { position += 1 }
      return true
    default: return false
    }
  }

  private mutating func quantified(
    _ node: ExpressionNode
  ) throws(TokenizerError) -> ExpressionNode? {
    let bounds: (Int, Int?)
    var isInterval = false
    switch current {
    case 0x2A: bounds = (0, nil)
    case 0x2B: bounds = (1, nil)
    case 0x3F: bounds = (0, 1)
    case 0x7B:
      guard let found = try interval() else { return nil }
      bounds = found
      isInterval = true
    default: return nil
    }
    if !isInterval { position += 1 }
    if case .assertion = node { throw failure("an anchor cannot be repeated") }
    var greed = ExpressionNode.Greed.greedy
    if isNext("?"), !(isInterval && bounds.0 == bounds.1) {
      position += 1
      greed = .lazy
    } else if isNext("+"), !isInterval {
      position += 1
      greed = .possessive
    }
    return .repetition(node, minimum: bounds.0, maximum: bounds.1, greed)
  }

  /// `{n}`, `{n,}`, `{n,m}` or `{,m}`; nil where the brace is a character of its own.
  private mutating func interval() throws(TokenizerError) -> (Int, Int?)? {
    let start = position
    position += 1
    let low = try number()
    let high = try take(",") ? number() : low
    guard low != nil || high != nil, take("}") else {
      position = start
      return nil
    }
    if let low, let high, low > high { throw failure("{\(low),\(high)} counts down") }
    return (low ?? 0, high)
  }

  private mutating func number() throws(TokenizerError) -> Int? {
    var value: Int?
    while let scalar = current, 0x30...0x39 ~= scalar {
      value = (value ?? 0) * 10 + Int(scalar - 0x30)
      if let value, value > 1000 { throw failure("a repetition of more than 1000") }
      position += 1
    }
    return value
  }

  /// One unit; nil for a comment or an option. A brace or bracket that means nothing is itself.
  private mutating func atom(depth: Int) throws(TokenizerError) -> ExpressionNode? {
    guard let scalar = current else { return nil }
    switch Unicode.Scalar(scalar) {
    case "(": return try group(depth: depth)
    case "[": return .set(try bracket(depth: depth))
    case ".":
      position += 1
      return .set(
        ScalarSet(options.dotMatchesBreaks ? [] : [.range(0x0A...0x0A)], negated: true))
    case "^":
      position += 1
      return .assertion(.lineStart)
    case "$":
      position += 1
      return .assertion(.lineEnd)
    case "\\": return try escape()
    case "*", "+", "?": throw failure("nothing to repeat")
    default:
      position += 1
      return character(scalar)
    }
  }

  func character(_ scalar: UInt32) -> ExpressionNode {
    var set = ScalarSet.scalar(scalar)
    set.ignoresCase = options.ignoresCase
    return .set(set)
  }

  private mutating func group(depth: Int) throws(TokenizerError) -> ExpressionNode? {
    position += 1
    guard take("?") else { return try captured(nil, depth) }
    if take("#") {
      while let scalar = current, scalar != 0x29 { position += scalar == 0x5C ? 2 : 1 }
      guard take(")") else { throw failure("a comment does not end") }
      return nil
    }
    if take(":") { return try closed(depth) }
    if take("=") { return .look(try closed(depth), isBehind: false, isNegative: false) }
    if take("!") { return .look(try closed(depth), isBehind: false, isNegative: true) }
    if take("<=") { return .look(try closed(depth), isBehind: true, isNegative: false) }
    if take("<!") { return .look(try closed(depth), isBehind: true, isNegative: true) }
    if take(">") { return .atomic(try closed(depth)) }
    if take("<") { return try captured(try groupName(0x3E), depth) }
    if take("'") { return try captured(try groupName(0x27), depth) }
    return try optionGroup(depth)
  }

  private mutating func captured(
    _ name: String?, _ depth: Int
  ) throws(TokenizerError) -> ExpressionNode {
    let number = groups.open(name)
    let node = try closed(depth)
    return number.map { .group($0, node) } ?? node
  }

  private mutating func closed(_ depth: Int) throws(TokenizerError) -> ExpressionNode {
    let node = try alternatives(depth: depth + 1)
    guard take(")") else { throw failure("a group does not end") }
    return node
  }

  /// `(?i:...)` or `(?i)`, which holds for the rest of the group.
  private mutating func optionGroup(_ depth: Int) throws(TokenizerError) -> ExpressionNode? {
    var changed = options
    var isOn = true
    while let scalar = current {
      position += 1
      switch Unicode.Scalar(scalar) {
      case "-": isOn = false
      case "i": changed.ignoresCase = isOn
      case "m": changed.dotMatchesBreaks = isOn
      case "x": changed.isExtended = isOn
      case ":", ")":
        let saved = options
        options = changed
        defer { options = saved }
        return try scalar == 0x3A ? closed(depth) : alternatives(depth: depth + 1)
      default: throw failure("an unknown kind of group")
      }
    }
    throw failure("a group does not end")
  }
}
