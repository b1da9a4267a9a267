/// The records of a CSV file, or of a part of one: lines, or with `multiLine` also what is within quotes
/// over several.
struct CSVRecords {
  private let file: ScanFile
  private let options: CSVOptions
  private var tokenizer: CSVTokenizer
  private var lines: LineReader?
  private var text: [UInt8] = []
  private var position = 0
  private var lineEnd = CSVTokenizer.LineEnd.newline
  /// The number of the record that was read last, from 1 on, with `multiLine`.
  private var number = 0

  /// - Parameter part: of what is read as ``LineReader`` does; without `multiLine` alone.
  init(
    _ file: ScanFile, _ options: CSVOptions, _ part: Range<Int64>? = nil
  ) throws(FileTableError) {
    self.file = file
    self.options = options
    tokenizer = CSVTokenizer(options)
    if options.isMultiLine {
      text = try LineReader.contents(of: file)
      lineEnd = CSVTokenizer.LineEnd(text)
    } else {
      lines = try LineReader(file, part)
    }
  }

  /// Where the first line begins in the file.
  var firstByte: Int64 { lines?.firstByte ?? 0 }

  /// What messages call the record that was read last.
  var place: String {
    lines.map { $0.numbering.text($0.line) } ?? "record \(number) of '\(file.location)'"
  }

  /// Reads the next record that is no comment and not empty.
  ///
  /// - Returns: whether there is one.
  mutating func next(into row: inout CSVRow) throws(FileTableError) -> Bool {
    if lines == nil { return nextOfText(&row) }
    while true {
      let comment = options.comment
      let found = try lines?.next { (line) throws(FileTableError) -> Bool in
        guard let first = line.first(where: { $0 > 0x20 }) else { return false }
        if let comment, first == comment { return false }
        tokenizer.tokens(of: line, into: &row)
        return true
      }
      guard let found else { return false }
      if found { return true }
    }
  }

  private mutating func nextOfText(_ row: inout CSVRow) -> Bool {
    text.withUnsafeBytes { bytes in
      while position < bytes.count {
        if let comment = options.comment, bytes[position] == comment {
          position = bytes[position...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
          position = min(position + 1, bytes.count)
          continue
        }
        tokenizer.begin(bytes, at: position, lineEnd: lineEnd)
        let found = tokenizer.next(into: &row)
        position = tokenizer.position
        number += 1
        if found, row.count > 0 { return true }
      }
      return false
    }
  }
}
