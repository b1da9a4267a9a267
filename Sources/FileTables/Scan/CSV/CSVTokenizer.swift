/// The values of a line, one after the other.
struct CSVRow: Equatable {
  fileprivate(set) var text: [UInt8] = []
  fileprivate var ends: [Int] = []

  var count: Int { ends.count }

  /// Where value `index` lies in ``text``.
  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  func string(_ index: Int) -> String { String(decoding: text[range(index)], as: UTF8.self) }

  var strings: [String] { (0..<count).map { string($0) } }

  fileprivate mutating func clear() {
    text.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }
}

/// Tells the values of CSV apart as the parser does that Spark uses (univocity's, with quotes that
/// are not escaped ending at the next delimiter), down to what it makes of damaged lines: that is why
/// no other reader is used.
struct CSVTokenizer {
  private let options: CSVOptions
  private let delimiter: UInt8
  private let quote: UInt8
  private let escape: UInt8
  private static let newline = UInt8(ascii: "\n")

  // What is being read.
  private var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var position = 0
  private var row = CSVRow()
  private var valueStart = 0
  private var character: UInt8 = 0
  private var previous: UInt8 = 0
  private var isUnescaped = false
  private var trimsEnd = false
  /// What lines end in, where there are several of them.
  private var lineEnd = LineEnd.newline

  /// There is no further character.
  private struct End: Error {}

  enum LineEnd {
    case newline, pair, carriageReturn

    /// That of the first line.
    init(_ text: [UInt8]) {
      guard let first = text.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }), text[first] == 0x0D
      else {
        self = .newline
        return
      }
      self = first + 1 < text.count && text[first + 1] == 0x0A ? .pair : .carriageReturn
    }
  }

  init(_ options: CSVOptions) {
    self.options = options
    delimiter = options.delimiter
    quote = options.quote
    escape = options.escape
  }

  /// The values of one line.
  mutating func tokens(of line: UnsafeRawBufferPointer, into result: inout CSVRow) {
    begin(line, at: 0, lineEnd: .newline)
    _ = next(into: &result)
  }

  /// Begins with the text of several lines, some of which may be within quotes.
  mutating func begin(_ text: UnsafeRawBufferPointer, at start: Int, lineEnd: LineEnd) {
    bytes = text
    position = start
    self.lineEnd = lineEnd
  }

  /// Reads the next record.
  ///
  /// - Returns: whether there is one.
  mutating func next(into result: inout CSVRow) -> Bool {
    if position >= bytes.count { return false }
    swap(&row, &result)
    defer { swap(&row, &result) }
    row.clear()
    valueStart = 0
    character = 0
    previous = 0
    isUnescaped = false
    do throws(End) {
      try advance()
      try record()
    } catch {
      finishAtEnd()
    }
    return true
  }

  private mutating func advance() throws(End) {
    guard position < bytes.count else { throw End() }
    character = bytes[position]
    position += 1
    // They are newlines also within quotes.
    guard lineEnd != .newline, character == UInt8(ascii: "\r") else { return }
    if lineEnd == .carriageReturn {
      character = Self.newline
    } else if position < bytes.count, bytes[position] == Self.newline {
      character = Self.newline
      position += 1
    }
  }

  private mutating func record() throws(End) {
    while character != Self.newline {
      if options.trimsLeading {
        while character <= 0x20, character != delimiter, character != Self.newline,
          character != quote
        {
          try advance()
        }
      }
      if character == delimiter || character == Self.newline {
        finishEmpty()
      } else {
        isUnescaped = false
        previous = 0
        if character == quote, quote != 0 {
          trimsEnd = false
          try quoted()
          finishValue()
        } else {
          trimsEnd = options.trimsTrailing
          try appendToDelimiter()
          finishValue()
        }
      }
      if character != Self.newline {
        try advance()
        if character == Self.newline { finishEmpty() }
      }
    }
  }

  /// What begins with a quote.
  private mutating func quoted() throws(End) {
    if previous != 0 {
      // A quote within that is not escaped: all up to the delimiter, with its quotes.
      row.text.insert(quote, at: valueStart)
      try advance()
      trimsEnd = options.trimsTrailing
      try appendToDelimiter()
      return
    }
    try advance()
    while true {
      if previous == quote, character <= 0x20 || character == delimiter { break }
      if character != quote, character != escape || escape == 0 {
        if previous == quote {
          isUnescaped = true
          row.text.append(quote)
          row.text.append(character)
          previous = character
          try quoted()
          return
        }
        if previous == escape, escape != 0 { row.text.append(escape) }
        let (quote, escape, escapeEscape) = (quote, escape, options.escapeEscape)
        try appendRun {
          $0 == quote || $0 == escape && escape != 0 || $0 == escapeEscape && escapeEscape != 0
        }
        previous = character
        try advance()
      } else {
        try takeEscape()
        previous = character
        try advance()
        if isUnescaped, character == delimiter || character == Self.newline { return }
      }
    }
    guard character != delimiter, character != Self.newline else { return }
    // Blanks behind the closing quote count only if something follows them.
    var blanks: [UInt8] = []
    repeat {
      blanks.append(character)
      try advance()
      if character == Self.newline { return }
    } while character <= 0x20
    if character != delimiter {
      row.text.append(quote)
      row.text += blanks
      row.text.append(character)
      previous = character
      try quoted()
    }
  }

  private mutating func takeEscape() throws(End) {
    if character == escape, previous == options.escapeEscape, options.escapeEscape != 0 {
      row.text.append(escape)
      character = 0
    } else if previous == escape, escape != 0 {
      if character == quote {
        row.text.append(quote)
        character = 0
      } else {
        row.text.append(previous)
      }
    } else if character == quote, previous == quote {
      row.text.append(quote)
    } else if previous == quote {
      row.text.append(quote)
      previous = character
      try valueWithEscapes()
    }
  }

  private mutating func valueWithEscapes() throws(End) {
    while character != delimiter, character != Self.newline {
      if character != quote, character != escape || escape == 0 {
        if previous == quote {
          row.text.append(quote)
          previous = character
          continue
        }
        row.text.append(character)
      } else {
        try takeEscape()
      }
      previous = character
      try advance()
    }
  }

  private mutating func appendToDelimiter() throws(End) {
    let delimiter = delimiter
    try appendRun { $0 == delimiter || $0 == Self.newline }
  }

  /// Appends what follows up to a character that `ends` the run. If the text ends before, the first
  /// character of the run stays the current one: what becomes of an unfinished value depends on it.
  private mutating func appendRun(_ ends: (UInt8) -> Bool) throws(End) {
    let first = character
    while !ends(character) {
      row.text.append(character)
      var end = position
      while end < bytes.count, !ends(bytes[end]), lineEnd == .newline || bytes[end] != 0x0D {
        end += 1
      }
      row.text.append(contentsOf: bytes[position..<end])
      position = end
      guard position < bytes.count else {
        character = first
        throw End()
      }
      try advance()
    }
  }

  private mutating func finishValue() {
    if trimsEnd {
      while row.text.count > valueStart, row.text[row.text.count - 1] <= 0x20 {
        row.text.removeLast()
      }
    }
    if row.text.count == valueStart { row.text += options.emptyValue }
    row.ends.append(row.text.count)
    valueStart = row.text.count
  }

  private mutating func finishEmpty() {
    row.text += options.nullValue
    row.ends.append(row.text.count)
    valueStart = row.text.count
  }

  /// The text ended within a record.
  private mutating func finishAtEnd() {
    var isValue = false
    if character == quote, quote != 0 {
      if previous == quote {
        isValue = true
      } else if !isUnescaped {
        row.text.append(quote)
      }
    }
    if !isValue {
      isValue = previous != 0 && character != delimiter && character != Self.newline
    }
    if isValue || row.text.count > valueStart { finishValue() } else { finishEmpty() }
  }
}
