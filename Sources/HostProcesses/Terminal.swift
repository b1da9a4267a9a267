import Glibc

/// What one of this process's streams leads to: a terminal, or a file or pipe.
package struct Terminal: Sendable {
  private let descriptor: Int32

  package static let output = Terminal(descriptor: STDOUT_FILENO)
  package static let error = Terminal(descriptor: STDERR_FILENO)

  /// Whether somebody reads along.
  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Whether a line that was written can be replaced: files, pipes and the simplest of terminals keep all.
  package var replacesLines: Bool {
    isTerminal && Self.replacesLines(called: Self.variable("TERM"))
  }

  /// Whether a terminal of this name in `TERM` can do so. One that nobody has named is taken for the simplest:
  /// it may be a log that pretends to be a terminal.
  package static func replacesLines(called name: String?) -> Bool {
    name != nil && name != "dumb"
  }

  /// Whether words may have colours; `NO_COLOR`, set to anything, forbids them.
  package var hasColors: Bool { replacesLines && Self.variable("NO_COLOR") == nil }

  /// The characters of a line: what `COLUMNS` says, else what the terminal does; `nil` where lines have no
  /// end.
  package var width: Int? {
    if let columns = Self.variable("COLUMNS").flatMap({ Int($0) }), columns > 0 { return columns }
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// The width that tables are cut to: none where nobody reads along.
  package var tableWidth: Int? { isTerminal ? width : nil }

  private static func variable(_ name: String) -> String? {
    let value = getenv(name).map { String(cString: $0) } ?? ""
    return value.isEmpty ? nil : value
  }
}

extension Terminal {
  /// The colour that tells how something is.
  package enum Color: String, Sendable {
    case red = "31"
    case green = "32"
    case yellow = "33"
  }

  /// `text` in a colour, where there are any.
  package func colored(_ text: String, _ color: Color) -> String {
    hasColors ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
  }
}
