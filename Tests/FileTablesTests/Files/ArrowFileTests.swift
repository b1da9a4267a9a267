import ArrowIPC
import Testing

@testable import FileTables

@Suite("Arrow files", .needsFilePlugin)
struct ArrowFileTests {
  @Test(
    arguments: [nil, "zstd", "lz4"], [false, true])
  func roundTrip(compression: String?, isStream: Bool) throws {
    let folder = try FilesFolder()
    let batches = try [0..<500, 500..<501, 501..<501, 501..<2000].map { rows in
      try RecordBatch([
        ("n", .numbers(rows.map { (row: Int) -> Int32? in row % 5 == 0 ? nil : Int32(row) })),
        ("text", .strings(rows.map { (row: Int) -> String in "text \(row)" })),
      ])
    }
    let bytes = try folder.write(
      batches, "x.arrow", .arrow,
      options: TableWriting(compression: compression, isStream: isStream))
    let file = try folder.open("x.arrow", .arrow)
    #expect(file.length == bytes && file.schema == batches[0].schema)
    #expect(file.rowGroups == [RowGroup(offset: 0, length: bytes, rows: -1)])
    let read = try file.batches(batchRows: 300).all()
    #expect(read.allSatisfy { $0.rowCount <= 300 })
    for index in 0..<2 {
      let written: [ArrowValue] = batches.flatMap { $0.columns[index].values }
      #expect(read.flatMap { $0.columns[index].values } == written)
    }
    let some = try file.batches(columns: [["text"]], batchRows: 5000).all()
    #expect(some.map(\.rowCount).reduce(0, +) == 2000 && some[0].columns.count == 1)
    #expect(try file.statistics(rowGroup: 0, column: ["n"]).bounds == nil)
    #expect(failure { _ = try file.batches(columns: [["no"]], batchRows: 1) }?.code == .schema)
  }

  @Test(arguments: ["views.arrow", "views.arrows", "compressed.arrow", "compressed.arrows"])
  func plainTypes(name: String) throws {
    let file = try madeTable(name, .arrow)
    #expect(
      file.schema.fields.map { "\($0.type)" } == [
        "string", "list<item: string>", "string", "list<item: string>",
      ])
    let batch = try #require(try file.batches(batchRows: 3).next())
    #expect(
      batch.columns[0].values == [.string("short"), .string("longer than twelve bytes"), .null])
    #expect(batch.columns[1].values == [.list([.string("p"), .null]), .null, .list([])])
    #expect(batch.columns[2].values == [.string("b"), .null, .string("a")])
    #expect(
      batch.columns[3].values == [
        .list([.string("q"), .string("r")]), .list([]), .list([.string("q")]),
      ])
    let rows = try file.batches(batchRows: 4).all().map(\.rowCount).reduce(0, +)
    #expect(rows == (name.hasSuffix("s") ? 3 : 6))
  }

  @Test func nestedColumns() throws {
    let folder = try FilesFolder()
    let type = ArrowType.structure([ArrowField("x", .int32), ArrowField("y", .utf8)])
    let rows: [ArrowValue] = [
      .structure([.int(1), .string("a")]), .null, .structure([.null, .null]),
    ]
    try folder.write(
      [
        try RecordBatch([
          ("s", ArrowColumn(rows, type: type)),
          (
            "l",
            ArrowColumn(
              [.list(rows), .list([]), .null], type: .list(ArrowField("element", type)))
          ),
        ])
      ], "x.arrow", .arrow)
    let file = try folder.open("x.arrow", .arrow)
    let batch = try #require(
      try file.batches(columns: [["l", "y"], ["s", "x"]], batchRows: 10).next())
    #expect(batch.columns[1].values == [.structure([.int(1)]), .null, .structure([.null])])
    #expect(
      batch.columns[0].values == [
        .list([.structure([.string("a")]), .null, .structure([.null])]), .list([]), .null,
      ])
  }
}
