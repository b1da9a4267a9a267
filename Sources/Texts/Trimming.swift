extension StringProtocol {
  /// The text without the blanks and ends of lines before its first and behind its last other character.
  package var trimmed: String { trimming(\.isWhitespace) }

  /// The text without the characters at its ends that are `outer`.
  package func trimming(_ isOuter: (Character) -> Bool) -> String {
    var rest = self[...]
    while let first = rest.first, isOuter(first) { rest.removeFirst() }
    while let last = rest.last, isOuter(last) { rest.removeLast() }
    return String(rest)
  }
}
