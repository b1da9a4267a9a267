package import ErrorCauses

/// What is wrong with a row that cannot be predicted.
package struct RowFault: Sendable, Hashable {
  package var kind: RowFaultKind
  /// The row's position in the batch that was read, if it is known which one it is.
  package var row: Int?
  /// What is wrong, without the row's number, and what to do.
  package var message: String

  package init(_ kind: RowFaultKind, row: Int? = nil, _ message: String) {
    self.kind = kind
    self.row = row
    self.message = message
  }

  /// The text that stands beside the row: the kind, by which texts can be grouped, and the message, in one
  /// line.
  package var text: String { "\(kind.rawValue): \(Self.inOneLine(message))" }

  /// `text` with a space for each end of a line.
  package static func inOneLine(_ text: String) -> String {
    // Few messages have several lines, and characters take time: first the bytes are looked at that those
    // between lines begin with.
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0xC2 || $0 == 0xE2 }) else { return text }
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
