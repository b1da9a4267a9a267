import ArrowIPC
import SparkTypes
import Testing

@testable import FileTables

/// Text files that several readers share: cut anywhere, they have the rows of the whole.
@Suite(.needsFilePlugin) struct TextSplitTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var file: String
    var text: String
    var options: [String: String] = [:]
    var schema: String?
    var rows: Int

    var testDescription: String { name }
  }

  private static let header = ["header": "true"]

  private static let cases = [
    Case(name: "plain", file: "a.csv", text: "1,2\n3,4\n5,6\n", rows: 3),
    Case(name: "header", file: "a.csv", text: "a,b\n1,2\n3,4\n", options: header, rows: 2),
    Case(name: "no newline at the end", file: "a.csv", text: "a\n1\n2", options: header, rows: 2),
    Case(name: "CRLF", file: "a.csv", text: "a,b\r\n1,2\r\n\r\n3,4\r\n", options: header, rows: 2),
    Case(name: "ends of all kinds", file: "a.csv", text: "1\r2\r\n\r3\n\r4\r\r\n5\r", rows: 5),
    Case(
      name: "byte order mark", file: "a.csv", text: "\u{FEFF}a,b\r\n1,2\r\n3,4", options: header,
      rows: 2),
    Case(name: "byte order mark alone", file: "a.csv", text: "\u{FEFF}", schema: "a int", rows: 0),
    Case(name: "header alone", file: "a.csv", text: "a,b\n", options: header, rows: 0),
    Case(name: "header without newline", file: "a.csv", text: "a,b", options: header, rows: 0),
    Case(
      name: "header behind blank lines and comments", file: "a.csv",
      text: "\n \n#c\n\r\n#d\na,b\n1,2\n#e\n\n3,4\n", options: ["header": "true", "comment": "#"],
      rows: 2),
    Case(
      name: "a row as the header", file: "a.csv", text: "a\na\n1\na\n", options: header, rows: 3),
    Case(name: "blank lines alone", file: "a.csv", text: "\n\n \n\n", schema: "a int", rows: 0),
    Case(
      name: "a long line", file: "a.csv",
      text: "a,b\n1,\(String(repeating: "x", count: 60))\n2,y\n", options: header, rows: 2),
    Case(name: "a newline in quotes", file: "a.csv", text: "\"a\nb\",c\n\"d\",e\n", rows: 3),
    Case(name: "long characters", file: "a.csv", text: "é,日本\nü,語\n\u{1F600},z\n", rows: 3),
    Case(
      name: "types of all rows", file: "a.csv", text: "n,x\n1,1\n2,1.5\n3,z\n",
      options: ["header": "true", "inferSchema": "true"], rows: 3),
    Case(
      name: "malformed lines", file: "a.csv", text: "1,1\n1\n1,x\n2,2\n",
      options: ["mode": "DROPMALFORMED"], schema: "a int, b int", rows: 2),
    Case(
      name: "JSON", file: "a.json",
      text: "{\"a\":1}\n\n  \r\n[{\"a\":2},{\"a\":3}]\nbroken\n{\"b\":\"é\"}", rows: 5),
    Case(
      name: "JSON with a byte order mark", file: "a.json", text: "\u{FEFF}{\"a\":1}\r{\"a\":2.5}\n",
      rows: 2),
    Case(name: "text", file: "a.txt", text: "a\n\nb\r\nc\rd\n\n", rows: 6),
  ]

  /// How a file is cut into splits of `size` bytes.
  private static func cut(_ size: Int, _ options: [String: String] = [:]) -> [String: String] {
    options.merging(["maxPartitionBytes": "\(size)", "openCostInBytes": "1"]) { $1 }
  }

  @Test(arguments: cases)
  func readsEachLineOnce(_ item: Case) throws {
    let folder = try FilesFolder()
    try folder.write(item.text, item.file)
    let whole = try folder.scan(item.file, options: item.options, schema: item.schema)
    #expect(whole.splits(parallelism: 8).count == 1)
    let expected = try whole.lines()
    #expect(expected.count == item.rows)
    let bytes = Array(item.text.utf8)
    for size in 1...bytes.count {
      let scan = try folder.scan(
        item.file, options: Self.cut(size, item.options), schema: item.schema)
      let splits = scan.splits(parallelism: 1)
      #expect(splits.count == (bytes.count + size - 1) / size)
      #expect(splits.reduce(0) { $0 + $1.size } == scan.bytes)
      #expect(scan.schema == whole.schema)
      #expect(try scan.lines(batchRows: 3, parallelism: 1) == expected, "splits of \(size)")
      #expect(try scan.sampled(rows: 2).lines(parallelism: 1) == Array(expected.prefix(2)))
    }
  }

  /// Lines, ends of lines and splits across the pieces that a reader takes at once.
  @Test(arguments: ["\n", "\r\n", "\r"])
  func readsLongFiles(_ end: String) throws {
    let folder = try FilesFolder()
    let piece = 1 << 18
    var lines: [String] = []
    for length in [
      piece - 1, piece - 2, 0, piece, 2 * piece + 7, 1, piece - 3, piece - 2 * end.utf8.count, 5,
    ] {
      lines.append("\(lines.count)" + String(repeating: "x", count: length))
    }
    try folder.write(lines.joined(separator: end), "a.txt")
    let expected = try folder.scan("a.txt").lines()
    #expect(expected == lines.map { "{\"value\":\"\($0)\"}" })
    for size in [piece / 4, piece - 1, piece, piece + 1] {
      let scan = try folder.scan("a.txt", options: Self.cut(size))
      #expect(try scan.lines(parallelism: 1) == expected, "splits of \(size)")
    }
  }

  @Test func tellsWhereASplitBegins() throws {
    let folder = try FilesFolder()
    let text = "ab,1\r\n\nc,2\rd,3\ne,4"
    try folder.write(text, "a.csv")
    let bytes = Array(text.utf8)
    for size in 1...bytes.count {
      let scan = try folder.scan("a.csv", options: Self.cut(size))
      for split in scan.splits(parallelism: 1) {
        let batches = try scan.batches(of: split, batchRows: 9)
        #expect(batches.firstRow == (split.start == 0 ? 0 : nil))
        let first = Int(batches.firstByte)
        guard let batch = try batches.next() else { continue }
        let line = String(
          decoding: bytes[first...].prefix { $0 > 0x20 && $0 != 0x2C }, as: UTF8.self)
        // The empty line is no row.
        #expect(line.isEmpty || batch.columns[0].value(at: 0) == .string(line))
        if first > 0 { #expect([0x0A, 0x0D].contains(bytes[first - 1])) }
      }
    }
  }

  @Test(
    arguments: [
      ("a.csv", "a\n1\n\n2\nx\n3\n", ["header": "true"], "line 5 of"),
      ("a.csv", "\u{FEFF}1\r\n2\r\nx", [:], "line 3 of"),
      ("a.json", "{\"a\":1}\n\n{\"a\":\"x\"}\n{\"a\":2}\n", [:], "line 3 of"),
    ] as [(String, String, [String: String], String)])
  func numbersLinesWithinTheFile(
    _ name: String, _ text: String, _ options: [String: String], _ place: String
  ) throws {
    let folder = try FilesFolder()
    try folder.write(text, name)
    for size in 1...text.utf8.count {
      var options = Self.cut(size, options)
      options["mode"] = "FAILFAST"
      let scan = try folder.scan(name, options: options, schema: "a int")
      let error = failure { _ = try scan.lines(parallelism: 1) }
      #expect(error?.code == .malformed)
      #expect(error?.message.hasPrefix("\(place) '\(folder.file(name))'") == true, "\(size)")
    }
  }

  /// Where counting would take long, the byte is told from which on lines are counted.
  @Test func tellsTheByteFarInAFile() throws {
    let folder = try FilesFolder()
    let file = ScanFile(
      location: "x.csv", path: folder.file("x.csv"), store: folder.store, length: 1 << 40,
      modified: -1, folder: folder.path, isDirect: true)
    let start = LineNumbering.mostBytes + 1
    let far = LineNumbering(file: file, start: start, firstByte: start + 20)
    #expect(far.text(3) == "line 3 of 'x.csv' from its byte 1073741845 on")
    #expect(LineNumbering(file: file, start: 0, firstByte: 0).text(3) == "line 3 of 'x.csv'")
  }

  @Test(
    arguments: [
      ("a.csv.gz", "gzip", [:]), ("a.json.zst", "zstd", [:]), ("a.csv", nil, ["multiLine": "true"]),
      ("a.txt", nil, ["wholetext": "true"]),
    ] as [(String, String?, [String: String])])
  func leavesOtherFilesWhole(
    _ name: String, _ compression: String?, _ options: [String: String]
  ) throws {
    let folder = try FilesFolder()
    let writer = try FileBytesWriter(folder.store, folder.file(name), compression: compression)
    try writer.write(Array("{\"a\":1}\n{\"a\":2}\n".utf8))
    _ = try writer.close()
    let scan = try folder.scan(name, options: Self.cut(1, options))
    let splits = scan.splits(parallelism: 8)
    #expect(splits.count == 1 && splits[0].start == 0 && splits[0].size == scan.bytes)
    #expect(try scan.lines().count == (name == "a.txt" ? 1 : 2))
    // A list of splits that was made for something else.
    for (start, size) in [(1, 2), (0, 3)] as [(Int64, Int64)] {
      var split = splits[0]
      split.start = start
      split.size = size
      let error = failure { _ = try scan.batches(of: split, batchRows: 1) }
      #expect(error?.code == .invalidOption && error?.path == split.location)
    }
  }
}
