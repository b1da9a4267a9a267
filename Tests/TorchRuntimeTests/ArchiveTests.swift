import Testing

@testable import TorchRuntime

@Suite("ZIP archives")
struct ArchiveTests {
  private func open(_ bytes: [UInt8]) throws -> ZipArchive {
    let scratch = try Scratch()
    return try ZipArchive(RandomAccessFile(path: scratch.write(bytes)))
  }

  @Test func storedEntries() throws {
    var writer = ZipWriter([
      .init("a/b.txt", "hello"), .init("a/", ""), .init("empty", ""),
      .init("big", [UInt8](repeating: 7, count: 3_000_001)),
    ])
    writer.comment = Array("a comment PK".utf8)
    writer.entries[0].hasWideSizes = true
    let archive = try open(writer.bytes())
    #expect(archive.entries.map(\.name) == ["a/b.txt", "empty", "big"])
    #expect(try archive.text(of: archive.entries[0]) == "hello")
    #expect(try archive.bytes(of: archive.entries[1]).isEmpty)
    #expect(try archive.bytes(of: archive.entries[2]) == writer.entries[3].data)
  }

  /// "needletail needletail needletail needletail" by three kinds of blocks, as zlib writes them.
  static let deflated: [[UInt8]] = [
    [203, 75, 77, 77, 201, 73, 45, 73, 204, 204, 81, 200, 35, 192, 4, 0],
    [1, 3, 0, 252, 255, 97, 98, 99],
  ]

  @Test func deflatedEntry() throws {
    let text = "needletail needletail needletail needletail"
    var entry = ZipWriter.Entry("text", Self.deflated[0])
    entry.method = 8
    entry.byteCount = text.utf8.count
    entry.checksum = crc(Array(text.utf8))
    let archive = try open(ZipWriter([entry]).bytes())
    #expect(try archive.text(of: archive.entries[0]) == text)
  }

  @Test func inflate() throws {
    #expect(try Inflate.inflate(Self.deflated[1], byteCount: 3) == Array("abc".utf8))
    #expect(try Inflate.inflate([3, 0], byteCount: 0) == [])
    let text = Array("needletail needletail needletail needletail".utf8)
    #expect(try Inflate.inflate(Self.deflated[0], byteCount: text.count) == text)
  }

  @Test(
    arguments: [
      ([], 1, "too early"), ([7], 1, "unknown kind"), ([1, 3, 0, 0, 0, 97], 3, "damaged length"),
      ([1, 3, 0, 252, 255, 97, 98], 3, "too early"),
      ([1, 3, 0, 252, 255, 97, 98, 99], 2, "more than"),
      ([1, 3, 0, 252, 255, 97, 98, 99], 4, "where 4 were announced"),
      ([0x63, 0x00, 0x02], 100, "too early"), ([3, 2, 0], 4, "before its beginning"),
      ([5, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 9, ""),
    ] as [([UInt8], Int, String)])
  func damagedDeflate(_ bytes: [UInt8], count: Int, text: String) {
    let error = #expect(throws: ArchiveError.self) {
      try Inflate.inflate(bytes, byteCount: count)
    }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
  }

  @Test func noDeflateInputCrashes() {
    var state: UInt64 = 42
    for _ in 0..<3000 {
      let bytes = (0..<64).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1
        return UInt8(truncatingIfNeeded: state >> 33)
      }
      _ = try? Inflate.inflate(bytes, byteCount: 10_000)
    }
  }

  struct BadArchive: CustomTestStringConvertible {
    var testDescription: String
    var text: String
    var bytes: [UInt8]

    init(_ what: String, _ text: String, _ change: (inout ZipWriter) -> Void) {
      testDescription = what
      self.text = text
      var writer = ZipWriter([.init("first", "some text"), .init("second", "more text")])
      change(&writer)
      bytes = writer.bytes()
    }
  }

  static let bad: [BadArchive] = [
    BadArchive("path that climbs", "leads out") { $0.entries[0].name = "a/../../etc/passwd" },
    BadArchive("absolute path", "leads out") { $0.entries[0].name = "/etc/passwd" },
    BadArchive("backslashes", "leads out") { $0.entries[0].name = "..\\x" },
    BadArchive("NUL in a name", "leads out") { $0.entries[0].name = "a\0b" },
    BadArchive("empty name", "leads out") { $0.entries[0].name = "" },
    BadArchive("name twice", "occurs twice") { $0.entries[1].name = "first" },
    BadArchive("overlap", "overlap") { $0.entries[1].offset = 0 },
    BadArchive("entry within the table", "does not lie within") { $0.entries[0].offset = 80 },
    BadArchive("offset beyond the end", "does not lie within") { $0.entries[1].offset = 1 << 30 },
    BadArchive("encryption", "encrypted") { $0.entries[0].flags = 1 },
    BadArchive("unknown method", "unknown method 99") { $0.entries[0].method = 99 },
    BadArchive("two sizes", "two different sizes") { $0.entries[0].byteCount = 1 << 30 },
    BadArchive("more than deflate can", "its data cannot have") {
      $0.entries[0].method = 8
      $0.entries[0].byteCount = 1 << 30
    },
    BadArchive("too many entries told", "cut off") { $0.entryCount = 60_000 },
    BadArchive("more entries than there are", "is damaged") {
      $0.entryCount = 3; $0.comment = []
    },
    BadArchive("table beyond the end", "cut off") { $0.directoryOffset = 1 << 30 },
    BadArchive("64-bit mark without a record", "64-bit") { $0.directoryOffset = 0xFFFF_FFFF },
  ]

  @Test(arguments: bad) func badArchive(_ archive: BadArchive) {
    let error = #expect(throws: ArchiveError.self) { try open(archive.bytes) }
    let texts =
      [archive.text] + (archive.testDescription.hasPrefix("more entries") ? ["cut off"] : [])
    #expect(
      texts.contains { error?.description.contains($0) == true }, "\(String(describing: error))")
  }

  @Test func wrongChecksum() throws {
    var writer = ZipWriter([.init("first", "some text")])
    writer.entries[0].checksum = 1
    let archive = try open(writer.bytes())
    let error = #expect(throws: ArchiveError.self) { try archive.bytes(of: archive.entries[0]) }
    #expect(error?.description.contains("checksum") == true)
  }

  @Test func bomb() throws {
    // 600 KiB that say they hold 600 MiB.
    var entry = ZipWriter.Entry("zeros", [UInt8](repeating: 0, count: 600 << 10))
    entry.method = 8
    entry.byteCount = 600 << 20
    let archive = try open(ZipWriter([entry]).bytes())
    let error = #expect(throws: ArchiveError.self) { try archive.read(archive.entries[0]) { _ in } }
    #expect(error?.description.contains("made to do harm") == true)
  }

  @Test func everyTruncation() {
    let bytes = ZipWriter([.init("first", "some text"), .init("second", "more text")]).bytes()
    for length in 0..<bytes.count {
      #expect(throws: ArchiveError.self) { try open(Array(bytes[..<length])) }
    }
  }

  @Test func everyChangedByte() throws {
    let writer = ZipWriter([.init("first", "some text"), .init("second", "more text")])
    let bytes = writer.bytes()
    let scratch = try Scratch()
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 0xFF
      let path = try scratch.write(changed)
      do {
        let archive = try ZipArchive(RandomAccessFile(path: path))
        for entry in archive.entries {
          let text = try archive.bytes(of: entry)
          #expect(text == Array("some text".utf8) || text == Array("more text".utf8))
        }
      } catch {
        #expect(error is ArchiveError)
      }
    }
  }

  private func crc(_ bytes: [UInt8]) -> UInt32 {
    var checksum = Checksum()
    bytes.withUnsafeBytes { checksum.add($0) }
    return checksum.value
  }

  @Test func checksums() {
    #expect(crc(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(crc([]) == 0)
    #expect(crc(Array("needletail needletail needletail".utf8)) == 0x78A1_2A5F)
  }
}
