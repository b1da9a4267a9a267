/// A name by its characters, as Spark tells names apart. Swift takes strings for the same that only look
/// the same: `é` of one character, and of two.
package struct ExactName: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// The name without regard to case.
  package init(folding text: String) { self.text = text.lowercased() }

  package static func == (first: ExactName, second: ExactName) -> Bool {
    first.text.isExactly(second.text)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}

extension String {
  /// Whether all characters are the same.
  package func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  /// Whether all characters are the same but for their case.
  package func isExactly(ignoringCase other: String) -> Bool {
    isExactly(other) || lowercased().isExactly(other.lowercased())
  }
}
