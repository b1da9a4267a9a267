import Testing

@testable import FileTables

@Suite struct CSVTokenizerTests {
  private func values(_ line: String, _ options: CSVOptions) -> [String?] {
    var tokenizer = CSVTokenizer(options)
    var row = CSVRow()
    Array(line.utf8).withUnsafeBytes { tokenizer.tokens(of: $0, into: &row) }
    let values = row.strings.map { $0.isEmpty ? nil : $0 }.prefix(3)
    return values + Array(repeating: nil, count: 3 - values.count)
  }

  @Test func readsOddLinesAsSpark() {
    for line in CSVLines.all {
      #expect(values(line.text, CSVOptions()) == line.values, "\(line.text)")
    }
  }

  @Test func readsDoubledQuotesAsSpark() {
    var options = CSVOptions()
    options.escape = options.quote
    options.escapeEscape = 0
    for line in CSVLines.all {
      #expect(values(line.text, options) == line.doubledQuotes ?? line.values, "\(line.text)")
    }
  }

  @Test func endsUnfinishedValues() {
    #expect(values("x,5\"", CSVOptions()) == ["x", "5\"", nil])
    #expect(values("\"a\\", CSVOptions()) == ["a", nil, nil])
    #expect(values("\"a\"\\b,c", CSVOptions()) == ["a\"\\bc", nil, nil])
  }

  @Test(arguments: [
    ("\"a\r\nb\",c\r\nd,e\r\n", [["a\nb", "c"], ["d", "e"]]),
    ("\"a\nb\",c\nd,e", [["a\nb", "c"], ["d", "e"]]),
    ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
    ("a\n\nb\n", [["a"], ["b"]]),
  ])
  func readsRecordsOfSeveralLines(_ text: String, _ expected: [[String]]) {
    var tokenizer = CSVTokenizer(CSVOptions())
    var records: [[String]] = []
    let bytes = Array(text.utf8)
    bytes.withUnsafeBytes { memory in
      var row = CSVRow()
      tokenizer.begin(memory, at: 0, lineEnd: CSVTokenizer.LineEnd(bytes))
      while tokenizer.next(into: &row) {
        if row.count > 0 { records.append(row.strings) }
      }
    }
    #expect(records == expected)
  }
}
