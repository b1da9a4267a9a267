/// One part of a path with Hadoop's wildcards: `*`, `?`, `[a-z]`, `[^a]`, `{a,b}`, and `\` before a
/// character that stands for itself.
struct GlobPattern {
  private indirect enum Piece {
    case character(Character)
    case any
    case anyRun
    case set([ClosedRange<Character>], isNegated: Bool)
    case either([[Piece]])
  }

  private let pieces: [Piece]

  /// Whether `text` has wildcards.
  static func isPattern(_ text: String) -> Bool { text.contains { "*?[{".contains($0) } }

  /// - Throws: ``FileTableError`` for brackets and braces that do not end.
  init(_ text: String) throws(FileTableError) {
    var rest = Substring(text)
    pieces = try Self.pieces(&rest, until: [], of: text)
  }

  private static func pieces(
    _ rest: inout Substring, until ends: Set<Character>, of text: String
  ) throws(FileTableError) -> [Piece] {
    var pieces: [Piece] = []
    while let character = rest.first, !ends.contains(character) {
      rest.removeFirst()
      switch character {
      case "*": pieces.append(.anyRun)
      case "?": pieces.append(.any)
      case "\\": pieces.append(.character(rest.popFirst() ?? "\\"))
      case "[": pieces.append(try set(&rest, of: text))
      case "{":
        var branches: [[Piece]] = []
        repeat {
          branches.append(try Self.pieces(&rest, until: [",", "}"], of: text))
        } while rest.popFirst().map { $0 == "," } ?? false
        guard text[..<rest.startIndex].last == "}" else { throw unended("{", text) }
        pieces.append(.either(branches))
      default: pieces.append(.character(character))
      }
    }
    return pieces
  }

  private static func set(
    _ rest: inout Substring, of text: String
  ) throws(FileTableError) -> Piece {
    let isNegated = rest.first == "^" || rest.first == "!"
    if isNegated { rest.removeFirst() }
    var ranges: [ClosedRange<Character>] = []
    while let first = rest.popFirst() {
      if first == "]", !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
      let low = first == "\\" ? rest.popFirst() ?? "\\" : first
      if rest.first == "-", rest.dropFirst().first.map({ $0 != "]" }) ?? false {
        rest.removeFirst()
        guard let high = rest.popFirst(), low <= high else { throw unended("[", text) }
        ranges.append(low...high)
      } else {
        ranges.append(low...low)
      }
    }
    throw unended("[", text)
  }

  private static func unended(_ bracket: String, _ text: String) -> FileTableError {
    FileTableError(
      .invalidOption,
      "the pattern '\(text)' has a '\(bracket)' that does not end; write a backslash before it if it "
        + "belongs to the name")
  }

  func matches(_ name: String) -> Bool { Self.matches(pieces[...], name[...]) }

  private static func matches(_ pieces: ArraySlice<Piece>, _ text: Substring) -> Bool {
    guard let piece = pieces.first else { return text.isEmpty }
    let rest = pieces.dropFirst()
    switch piece {
    case .anyRun:
      var tail = text
      while true {
        if matches(rest, tail) { return true }
        if tail.popFirst() == nil { return false }
      }
    case .either(let branches):
      return branches.contains { matches($0[...] + rest, text) }
    case .any: return !text.isEmpty && matches(rest, text.dropFirst())
    case .character(let wanted):
      return text.first == wanted && matches(rest, text.dropFirst())
    case .set(let ranges, let isNegated):
      guard let found = text.first else { return false }
      return ranges.contains { $0.contains(found) } != isNegated
        && matches(rest, text.dropFirst())
    }
  }
}
