import ArrowIPC
import SparkFunctions
import SparkTypes
import Testing

@testable import LocalEngine

/// Which rows are done, by their keys.
struct RowKeyTests {
  private static func column(_ values: [ArrowValue], _ type: ArrowType) throws -> ArrowColumn {
    try ArrowColumn(values, type: type)
  }

  @Test(
    "rows are found by keys of every type",
    arguments: [
      ([.int(-1), .int(0), .int(7)], ArrowType.int8),
      ([.int(-1), .int(.max), .int(7)], .int64),
      ([.int(0), .int(20_000), .int(-5)], .date32),
      (
        [.int(0), .int(1_600_000_000_000_001), .int(-1)], .timestamp(.microsecond, timeZone: "UTC")
      ),
      ([.string(""), .string(" a"), .string("a")], .utf8),
      ([.string("ab"), .string("a"), .string("b")], .largeUTF8),
      ([.binary([]), .binary([0]), .binary([0, 0])], .binary),
    ] as [([ArrowValue], ArrowType)])
  func types(_ values: [ArrowValue], _ type: ArrowType) throws {
    let keys = RowKeys(["k"])
    try keys.add([Self.column([values[1]], type)], count: 1, in: "file a")
    let left = try keys.remaining(
      [Self.column(values, type)], count: 3, of: RowOrigin(whole: "the table"))
    #expect(left == [0, 2] && keys.skipped == 1 && keys.doneCount == 1)
  }

  @Test("several columns are one key, whatever their texts would be side by side")
  func composite() throws {
    let keys = RowKeys(["a", "b"])
    func columns(_ rows: [(String, String)]) -> [ArrowColumn] {
      [.strings(rows.map(\.0)), .strings(rows.map(\.1))]
    }
    try keys.add(columns([("x", "yz")]), count: 1, in: "file a")
    let left = try keys.remaining(
      columns([("xy", "z"), ("x", "yz"), ("", "xyz")]), count: 3, of: RowOrigin())
    #expect(left == [0, 2])
    #expect(try keys.remaining(columns([("q", "")]), count: 1, of: RowOrigin()) == nil)
  }

  @Test("a row without key and a key that is there twice are errors, here and in the output")
  func refusals() async throws {
    let origin = RowOrigin(first: 100, whole: "the file")
    func said(_ body: (RowKeys) throws -> Void) async -> String {
      await message { try body(RowKeys(["id"])) }
    }
    let null = await said { keys in
      _ = try keys.remaining([.numbers([1, nil] as [Int64?])], count: 2, of: origin)
    }
    #expect(null.contains("row 101 of the file has no id"), "\(null)")
    let twice = await said { keys in
      _ = try keys.remaining([.numbers([5] as [Int64])], count: 1, of: origin)
      _ = try keys.remaining([.numbers([4, 5] as [Int64])], count: 2, of: origin)
    }
    #expect(twice.contains("row 101 of the file has the id 5, as another row has"), "\(twice)")
    let output = await said { keys in
      for file in ["a", "b"] { try keys.add([.strings(["x"])], count: 1, in: "file \(file)") }
    }
    #expect(output.contains("the id 'x' is twice in the output"), "\(output)")
    let gap = await said { keys in
      try keys.add([.numbers([nil] as [Int64?])], count: 1, in: "file a")
    }
    #expect(gap.contains("a row of file a has no id"), "\(gap)")
  }
}
