/// A name as SQL spells it: the only place that puts names into back-ticks and takes them out.
///
/// ```swift
/// SQLIdentifier("price").description                  // price
/// SQLIdentifier("a.b").description                    // `a.b`
/// SQLIdentifier.quoted("odd`name")                    // `odd``name`
/// SQLIdentifier.parts(of: "s.`a.b`")                  // ["s", "a.b"]
/// SQLIdentifier.list("`a,b`, c")                      // ["`a,b`", "c"]
/// ```
public struct SQLIdentifier: Sendable, Hashable, CustomStringConvertible {
  /// The name without backticks.
  public var name: String

  public init(_ name: String) { self.name = name }

  /// The name, in back-ticks unless it is a plain word.
  public var description: String { isPlain ? name : Self.quoted(name) }

  private var isPlain: Bool {
    guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
    return name.unicodeScalars.allSatisfy {
      $0 == "_" || ($0.isASCII && $0.properties.isAlphabetic) || ("0"..."9").contains($0)
    }
  }

  /// The name in back-ticks, whatever is in it.
  public static func quoted(_ name: String) -> String {
    // By scalars: a combining mark after a back-tick would hide it from a search by characters.
    var quoted = String.UnicodeScalarView("`".unicodeScalars)
    for scalar in name.unicodeScalars {
      if scalar == "`" { quoted.append(scalar) }
      quoted.append(scalar)
    }
    quoted.append("`")
    return String(quoted)
  }

  /// The name of a column, or of a field within structs, from the outside to the inside.
  public static func quoted(path: [String]) -> String {
    path.map { quoted($0) }.joined(separator: ".")
  }

  /// The parts of a name between dots, those in back-ticks whole; `nil` if back-ticks are not
  /// closed or stand within a part, or a part is empty.
  public static func parts(of text: String) -> [String]? {
    var parts: [String] = []
    for piece in split(text, at: ".") {
      guard let name = unquoted(piece), !name.isEmpty else { return nil }
      parts.append(name)
    }
    return parts
  }

  /// The entries of a list between commas, as they are written; commas in back-ticks do not count.
  public static func list(_ text: String) -> [String] { split(text, at: ",").map { String($0) } }

  /// The one of `names` that a list must have in back-ticks, and that `name`, an entry of one, may be a
  /// part of; else any such name. `nil` if no name has commas, back-ticks or outer blanks.
  public static func quotable(among names: [String], for name: String) -> String? {
    let odd = names.filter { name in
      name.contains { $0 == "," || $0 == "`" } || trimmed(name) != name
    }
    return odd.first { $0.split(separator: ",").contains { trimmed(String($0)) == name } }
      ?? odd.first
  }

  /// The text without outer blanks.
  private static func trimmed(_ text: String) -> String {
    let start = text.drop(while: \.isWhitespace)
    return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
  }

  /// What `text` names: itself, or what stands between its back-ticks; `nil` if they do not match.
  public static func unquoted(_ text: some StringProtocol) -> String? {
    let scalars = Array(text.unicodeScalars)
    guard scalars.contains("`") else { return String(text) }
    guard scalars.count >= 2, scalars.first == "`", scalars.last == "`" else { return nil }
    var name = String.UnicodeScalarView()
    var index = 1
    while index < scalars.count - 1 {
      if scalars[index] == "`" {
        guard index + 1 < scalars.count - 1, scalars[index + 1] == "`" else { return nil }
        index += 1
      }
      name.append(scalars[index])
      index += 1
    }
    return String(name)
  }

  private static func split(_ text: String, at separator: Unicode.Scalar) -> [Substring] {
    var pieces: [Substring] = []
    var isQuoted = false
    var start = text.startIndex
    let scalars = text.unicodeScalars
    for index in scalars.indices {
      if scalars[index] == "`" { isQuoted.toggle() }
      if scalars[index] == separator, !isQuoted {
        pieces.append(text[start..<index])
        start = scalars.index(after: index)
      }
    }
    return pieces + [text[start...]]
  }
}
