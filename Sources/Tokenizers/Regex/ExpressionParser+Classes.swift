extension ExpressionParser {
  /// What follows a backslash outside brackets.
  mutating func escape() throws(TokenizerError) -> ExpressionNode {
    position += 1
    guard let scalar = current else { throw failure("a backslash at the end") }
    if let node = Unicode.Scalar(scalar).flatMap({ Self.escapes[$0] }) {
      position += 1
      return node
    }
    switch Unicode.Scalar(scalar) {
    case "1", "2", "3", "4", "5", "6", "7", "8", "9": return try numberedReference()
    case "k": return .backreference(try reference(), ignoresCase: options.ignoresCase)
    case "g": return .call(try reference())
    case "X", "y", "Y", "c", "C", "M":
      throw failure("the escape \\\(Unicode.Scalar(scalar) ?? "?") is not supported")
    default:
      // Outside brackets Oniguruma leaves classes as they are where case is ignored.
      if let set = try classEscape() { return .set(set) }
      return character(try characterEscape())
    }
  }

  private static let escapes: [Unicode.Scalar: ExpressionNode] = [
    "A": .assertion(.textStart), "z": .assertion(.textEnd), "Z": .assertion(.textEndOrLastBreak),
    "b": .assertion(.wordBoundary), "B": .assertion(.noWordBoundary),
    "G": .assertion(.searchStart), "K": .keep,
    "N": .set(ScalarSet([.range(0x0A...0x0A)], negated: true)),
    "O": .set(ScalarSet([], negated: true)),
    "R": .atomic(
      .alternatives([
        .sequence([.set(.scalar(0x0D)), .set(.scalar(0x0A))]),
        .set(ScalarSet([.range(0x0A...0x0D), .range(0x85...0x85), .range(0x2028...0x2029)])),
      ])),
  ]

  /// A class such as `\s` or `\p{L}`, the backslash already read; nil for a plain character.
  private mutating func classEscape() throws(TokenizerError) -> ScalarSet? {
    guard let scalar = current else { return nil }
    let set: ScalarSet
    switch Unicode.Scalar(scalar) {
    case "d": set = Self.digits
    case "D": set = ScalarSet(Self.digits.items, negated: true)
    case "s": set = ScalarSet([.space])
    case "S": set = ScalarSet([.space], negated: true)
    case "w": set = ScalarSet([.word])
    case "W": set = ScalarSet([.word], negated: true)
    case "h": set = Self.hexadecimalDigits
    case "H": set = ScalarSet(Self.hexadecimalDigits.items, negated: true)
    case "p", "P":
      position += 1
      return try property(isNegated: scalar == 0x50)
    default: return nil
    }
    position += 1
    return set
  }

  private static let digits = ScalarSet([.categories(GeneralCategory.mask("Nd") ?? 0)])
  private static let hexadecimalDigits = ScalarSet([
    .range(0x30...0x39), .range(0x41...0x46), .range(0x61...0x66),
  ])

  /// `{L}`, `{^L}` or a name, behind `\p`.
  private mutating func property(isNegated: Bool) throws(TokenizerError) -> ScalarSet {
    guard take("{") else { throw failure("expected { behind \\p") }
    let isReversed = take("^")
    let written = text { $0 != "}" }.unicodeScalars
    let name = String(written.filter { !" _-".unicodeScalars.contains($0) })
    guard take("}") else { throw failure("the name of a property does not end") }
    guard let set = Self.named(name.lowercased()) else {
      throw failure("the property \\p{\(name)} is not supported")
    }
    return ScalarSet([.set(set)], negated: isNegated != isReversed)
  }

  /// Properties by their names in lower case without spaces: categories, and the scripts, blocks and
  /// other properties that Unicode and POSIX name.
  private static func named(_ name: String) -> ScalarSet? {
    category(name) ?? UnicodeProperties.shared.ranges(name).map { ScalarSet([.ranges($0)]) }
  }

  private static func category(_ name: String) -> ScalarSet? {
    let long = [
      "letter": "L", "lowercaseletter": "Ll", "uppercaseletter": "Lu", "titlecaseletter": "Lt",
      "modifierletter": "Lm", "otherletter": "Lo", "mark": "M", "nonspacingmark": "Mn",
      "spacingmark": "Mc", "enclosingmark": "Me", "number": "N", "decimalnumber": "Nd",
      "letternumber": "Nl", "othernumber": "No", "punctuation": "P", "symbol": "S",
      "mathsymbol": "Sm", "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So",
      "separator": "Z", "spaceseparator": "Zs", "lineseparator": "Zl", "paragraphseparator": "Zp",
      "other": "C", "control": "Cc", "format": "Cf", "unassigned": "Cn", "privateuse": "Co",
      "surrogate": "Cs",
    ]
    switch name {
    case "any": return ScalarSet([.range(0...0x10FFFF)])
    case "assigned": return ScalarSet([.categories(GeneralCategory.mask("Cn") ?? 0)], negated: true)
    default: break
    }
    let short = long[name] ?? name.prefix(1).uppercased() + name.dropFirst()
    guard name.count <= 2 || long[name] != nil else { return nil }
    return GeneralCategory.mask(short).map { ScalarSet([.categories($0)]) }
  }

  /// A single character behind a backslash.
  private mutating func characterEscape() throws(TokenizerError) -> UInt32 {
    guard let scalar = current else { throw failure("a backslash at the end") }
    position += 1
    if let control = Unicode.Scalar(scalar).flatMap({ Self.controls[$0] }) { return control }
    switch Unicode.Scalar(scalar) {
    case "0": return try digits(radix: 8, atMost: 2, atLeast: 0)
    case "u": return try digits(radix: 16, atMost: 4, atLeast: 4)
    case "x":
      if take("{") {
        let value = try digits(radix: 16, atMost: 8, atLeast: 1)
        guard take("}") else { throw failure("expected } behind \\x{") }
        return value
      }
      let value = try digits(radix: 16, atMost: 2, atLeast: 0)
      guard value < 0x80 else { throw failure("\\x of single bytes is not supported") }
      return value
    // Oniguruma takes an unknown letter as itself.
    default: return scalar
    }
  }

  private static let controls: [Unicode.Scalar: UInt32] = [
    "t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D, "a": 0x07, "e": 0x1B,
  ]

  private mutating func digits(
    radix: UInt32, atMost: Int, atLeast: Int
  ) throws(TokenizerError) -> UInt32 {
    var value: UInt32 = 0
    var count = 0
    while count < atMost, let scalar = current, let character = Unicode.Scalar(scalar),
      let digit = UInt32(String(character), radix: Int(radix))
    {
      value = value &* radix &+ digit
      count += 1
      position += 1
    }
    guard count >= atLeast, Unicode.Scalar(value) != nil else {
      throw failure("a character number is wrong")
    }
    return value
  }

  /// A bracket expression; nested ones and intersections included.
  mutating func bracket(depth: Int) throws(TokenizerError) -> ScalarSet {
    guard depth < Self.maximumDepth else {
      throw failure("brackets are nested deeper than \(Self.maximumDepth) levels")
    }
    position += 1
    var set = ScalarSet()
    set.isNegated = take("^")
    set.ignoresCase = options.ignoresCase
    var sides: [ScalarSet] = []
    var side = ScalarSet()
    side.ignoresCase = options.ignoresCase
    var isFirst = true
    while true {
      guard let scalar = current else { throw failure("a bracket does not end") }
      if scalar == 0x5D, !isFirst { break }
      isFirst = false
      if take("&&") {
        sides.append(side)
        side = ScalarSet()
        side.ignoresCase = options.ignoresCase
      } else if scalar == 0x5B {
        if let item = try posix() {
          side.items.append(item)
        } else {
          side.items.append(.set(try bracket(depth: depth + 1)))
        }
      } else {
        try appendItem(to: &side)
      }
    }
    position += 1
    sides.append(side)
    set.items = [.set(sides[0])]
    set.intersections = Array(sides.dropFirst())
    return set
  }

  /// `[:alpha:]`; nil where no such name begins.
  private mutating func posix() throws(TokenizerError) -> ScalarSet.Item? {
    let start = position
    guard take("[:") else { return nil }
    let isNegated = take("^")
    let name = text { "a"..."z" ~= $0 }
    guard take(":]") else {
      position = start
      return nil
    }
    guard let ranges = UnicodeProperties.shared.ranges(":\(name):") else {
      throw failure("the class [:\(name):] is not known")
    }
    return .set(ScalarSet([.ranges(ranges)], negated: isNegated))
  }

  /// A character, a range or a class within brackets.
  private mutating func appendItem(to set: inout ScalarSet) throws(TokenizerError) {
    guard let low = try bracketCharacter(&set) else { return }
    // A hyphen before the closing bracket is itself.
    guard isNext("-"), position + 1 < scalars.count, scalars[position + 1] != 0x5D else {
      set.items.append(.range(low...low))
      return
    }
    let hyphen = position
    position += 1
    if isNext("["), hyphen > 0 {
      position = hyphen
      set.items.append(.range(low...low))
      position += 1
      set.items.append(.range(0x2D...0x2D))
      return
    }
    var others = ScalarSet()
    guard let high = try bracketCharacter(&others) else {
      set.items += [.range(low...low), .range(0x2D...0x2D)] + others.items
      return
    }
    guard low <= high else { throw failure("a range counts down") }
    set.items.append(.range(low...high))
  }

  /// The next character; nil when it was a class, which is then in `set`.
  private mutating func bracketCharacter(
    _ set: inout ScalarSet
  ) throws(TokenizerError) -> UInt32? {
    guard let scalar = current else { throw failure("a bracket does not end") }
    position += 1
    guard scalar == 0x5C else { return scalar }
    if isNext("b") {
      position += 1
      return 0x08
    }
    let (isWord, isNotWord) = (isNext("w"), isNext("W"))
    if var found = try classEscape() {
      // Within brackets Oniguruma does not count these Latin-1 numbers as word characters.
      let numbers: [ScalarSet.Item] = [0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE].map { .range($0) }
      if isWord { found.intersections.append(ScalarSet(numbers, negated: true)) }
      set.items.append(.set(found))
      if isNotWord { set.items += numbers }
      return nil
    }
    return try characterEscape()
  }
}
