import ArrowIPC
import CArrow
import Tensors
import Testing

/// What is exported to structures of the C data interface is imported equal.
struct CDataRoundTripTests {
  private static let paths = GoldenTests.accepted.map { $0 + ".stream" } + GoldenTests.sparkNames

  /// Types and their format strings, those of the specification's table.
  private static let formats: [(ArrowType, String)] = [
    (.null, "n"), (.bool, "b"), (.int8, "c"), (.uint8, "C"), (.int16, "s"), (.uint16, "S"),
    (.int32, "i"), (.uint32, "I"), (.int64, "l"), (.uint64, "L"), (.float16, "e"),
    (.float32, "f"), (.float64, "g"), (.binary, "z"), (.largeBinary, "Z"), (.binaryView, "vz"),
    (.utf8, "u"), (.largeUTF8, "U"), (.utf8View, "vu"),
    (.decimal(bitWidth: 32, precision: 9, scale: -2), "d:9,-2,32"),
    (.decimal(bitWidth: 64, precision: 18, scale: 3), "d:18,3,64"),
    (.decimal(bitWidth: 128, precision: 19, scale: 10), "d:19,10"),
    (.decimal(bitWidth: 256, precision: 76, scale: 38), "d:76,38,256"),
    (.fixedSizeBinary(byteWidth: 42), "w:42"), (.fixedSizeBinary(byteWidth: 0), "w:0"),
    (.date32, "tdD"), (.date64, "tdm"), (.time32(.second), "tts"), (.time32(.millisecond), "ttm"),
    (.time64(.microsecond), "ttu"), (.time64(.nanosecond), "ttn"),
    (.timestamp(.second, timeZone: nil), "tss:"),
    (.timestamp(.millisecond, timeZone: "UTC"), "tsm:UTC"),
    (.timestamp(.microsecond, timeZone: "Europe/Zürich"), "tsu:Europe/Zürich"),
    (.timestamp(.nanosecond, timeZone: "+05:30"), "tsn:+05:30"),
    (.duration(.second), "tDs"), (.duration(.millisecond), "tDm"),
    (.duration(.microsecond), "tDu"), (.duration(.nanosecond), "tDn"),
    (.interval(.yearMonth), "tiM"), (.interval(.dayTime), "tiD"),
    (.interval(.monthDayNano), "tin"), (.list(ArrowField("item", .int8)), "+l"),
    (.largeList(ArrowField("item", .utf8, isNullable: false)), "+L"),
    (.fixedSizeList(ArrowField("item", .bool), count: 123), "+w:123"),
    (.structure([]), "+s"),
    (.structure([ArrowField("a", .int8), ArrowField("a", .date32, metadata: ["k": "v"])]), "+s"),
    (
      .map(
        entries: ArrowField(
          "entries",
          .structure([ArrowField("key", .utf8, isNullable: false), ArrowField("value", .null)]),
          isNullable: false), keysSorted: true), "+m"
    ),
    (UnusualStreamTests.map(.int8, .int8), "+m"),
    (.dictionary(id: 0, index: .uint16, value: .utf8, isOrdered: true), "S"),
    (
      .dictionary(id: 0, index: .int8, value: .list(ArrowField("item", .int8)), isOrdered: false),
      "c"
    ),
  ]

  @Test("every type has its format and comes back, with nullability and metadata")
  func types() throws {
    for (type, format) in Self.formats {
      for isNullable in [true, false] {
        for metadata in [[:], ["ä": "ö", "": "empty key", "empty value": ""]] {
          let field = ArrowField("ñame", type, isNullable: isNullable, metadata: metadata)
          var schema = ArrowCSchema()
          field.export(to: &schema)
          #expect(String(cString: schema.format) == format)
          #expect((schema.metadata == nil) == metadata.isEmpty)
          #expect(try ArrowField(consuming: &schema) == field)
          #expect(schema.release == nil)
        }
      }
    }
  }

  @Test("dictionaries of a schema get numbers of their own, wherever they are")
  func dictionaryNumbers() throws {
    let type = ArrowType.dictionary(id: 7, index: .int8, value: .utf8, isOrdered: false)
    let schema = ArrowSchema(
      [
        ArrowField("a", type), ArrowField("b", .list(ArrowField("item", type))),
        ArrowField(
          "c",
          .dictionary(
            id: 7, index: .int32, value: .structure([ArrowField("d", type)]), isOrdered: true)),
      ], metadata: ["k": "v"])
    var structure = ArrowCSchema()
    schema.export(to: &structure)
    let read = try ArrowSchema(consuming: &structure)
    #expect(read.unnumbered == schema.unnumbered)
    var ids: [Int64] = []
    func collect(_ type: ArrowType) {
      if case .dictionary(let id, _, let value, _) = type {
        ids.append(id)
        collect(value)
      }
      for field in type.childFields { collect(field.type) }
    }
    for field in read.fields { collect(field.type) }
    #expect(ids.count == 4 && Set(ids).count == 4)
  }

  @Test("goldens survive")
  func goldens() throws {
    for path in Self.paths {
      let (schema, batches) = try Goldens.read(path)
      let copies = try batches.map { try exchanged($0) }
      for copy in copies { #expect(copy.schema.unnumbered == schema.unnumbered, "\(path)") }
      expectEqual(copies, batches.map { $0.columns.map(\.values) })
      for (copy, batch) in zip(copies, batches) {
        #expect(copy.rowCount == batch.rowCount)
        #expect(copy.columns.map(\.nullCount) == batch.columns.map(\.nullCount))
      }
    }
  }

  @Test("slices survive, their own slices too, and can be written and joined")
  func slices() throws {
    for path in Self.paths {
      for batch in try Goldens.read(path).batches where batch.rowCount > 3 {
        for range in [1..<batch.rowCount, 2..<batch.rowCount - 1, 3..<3] {
          let slice = batch.slice(range)
          let copy = try exchanged(slice)
          expectEqual([copy], [slice.columns.map(\.values)])
          let again = try exchanged(copy.slice(range.count / 2..<range.count))
          expectEqual(
            [again], [slice.columns.map { Array($0.values.suffix(from: range.count / 2)) }])
          expectEqual(
            [try RecordBatch.concatenating([copy, copy])],
            [slice.columns.map { $0.values + $0.values }])
          expectEqual(
            try RoundTripTests.Form.stream.copy([copy], copy.schema),
            [slice.columns.map(\.values)])
        }
      }
    }
  }

  @Test("columns of every layout, cut and within others that are cut")
  func nested() throws {
    for type in Set(UnusualStreamTests.layouts.map(\.from)) {
      let values = UnusualStreamTests.values(of: type)
      let column = try ArrowColumn(values + values, type: type)
      let count = column.count
      for range in [0..<count, 1..<count, 2..<3, 3..<3, count..<count] {
        let slice = column.slice(range)
        #expect(try exchanged(slice).values == slice.values, "\(type) \(range)")
        let pair = try ArrowColumn.structure([("a", slice), ("b", slice)])
        let rows = range.count / 2..<range.count
        #expect(
          try exchanged(pair.slice(rows)).values == pair.slice(rows).values, "\(type) \(range)")
        let lists = ArrowColumn.lists(of: slice, rows: 1, width: slice.count)
        #expect(try exchanged(lists).values == lists.values, "\(type) \(range)")
        let fixed = ArrowColumn(
          unchecked: .fixedSizeList(ArrowField("item", type), count: 1), count: slice.count,
          children: [slice])
        #expect(
          try exchanged(fixed.slice(rows)).values == fixed.slice(rows).values, "\(type) \(range)")
      }
    }
  }

  @Test("empty columns of every type")
  func empty() throws {
    for (type, _) in Self.formats {
      let column = try exchanged(ArrowColumn.empty(type))
      #expect(column.count == 0 && column.values.isEmpty)
      let batch = try RecordBatch([("x", column)])
      #expect(try RoundTripTests.Form.stream.copy([batch], batch.schema).first?.rowCount == 0)
      // Buffers of no bytes may be NULL.
      var array = ArrowCArray()
      column.export(to: &array)
      for index in 0..<Int(array.n_buffers) { array.buffers[index] = nil }
      #expect(try ArrowColumn(consuming: &array, type: type).count == 0, "\(type)")
    }
    let none = try RecordBatch(schema: ArrowSchema([]), columns: [], rowCount: 3)
    #expect(try exchanged(none).rowCount == 3)
  }

  @Test("a batch may be a slice of structs")
  func slicedStructs() throws {
    let pair = try ArrowColumn.structure([
      ("a", ArrowColumn.numbers([Int32(1), 2, nil, 4, 5]).slice(1..<5)),
      ("b", ArrowColumn.strings(["a", nil, "c", "d"])),
    ])
    let schema = ArrowSchema(pair.type.childFields)
    var array = ArrowCArray()
    pair.slice(1..<3).export(to: &array)
    #expect(array.offset == 1 && array.length == 2 && array.children[0]?.pointee.offset == 1)
    let batch = try RecordBatch(consuming: &array, schema: schema)
    expectEqual([batch], [[[.null, .int(4)], [.null, .string("c")]]])
    #expect(batch.columns.map(\.nullCount) == [1, 1])

    let holey = try ArrowColumn([.structure([.int(1), .string("x")]), .null], type: pair.type)
    holey.export(to: &array)
    let error = #expect(throws: ArrowError.self) {
      _ = try RecordBatch(consuming: &array, schema: schema)
    }
    #expect(error?.code == .unsupported)
    holey.slice(0..<1).export(to: &array)
    #expect(try RecordBatch(consuming: &array, schema: schema).rowCount == 1)
  }

  @Test("nulls that are not counted are counted, and without bits there are none")
  func uncountedNulls() throws {
    let column = ArrowColumn.numbers([Int64(1), nil, nil, 4, nil]).slice(1..<4)
    var array = ArrowCArray()
    column.export(to: &array)
    array.null_count = -1
    let copy = try ArrowColumn(consuming: &array, type: .int64)
    #expect(copy.nullCount == 2 && copy.values == column.values)

    ArrowColumn.numbers([Int64(1), 2]).export(to: &array)
    array.null_count = -1
    #expect(try ArrowColumn(consuming: &array, type: .int64).nullCount == 0)
  }

  @Test("memory is shared")
  func sharing() throws {
    let column = ArrowColumn.strings(["a", "bc", nil])
    let copy = try exchanged(column)
    #expect(
      copy.buffers.map { $0.storage.baseAddress } == column.buffers.map { $0.storage.baseAddress })
    #expect(copy.validity?.storage.baseAddress == column.validity?.storage.baseAddress)
    #expect(copy.buffers.map(\.count) == [16, 3])
  }

  @Test("buffers that are not aligned are copied", arguments: 1...7)
  func unaligned(shift: Int) throws {
    for column in [
      ArrowColumn.numbers([Int64(-1), nil, 3]), ArrowColumn.strings(["a", nil, "longer text"]),
      try ArrowColumn([.string("longer than twelve bytes"), .null, .string("x")], type: .utf8View),
      ArrowColumn.booleans([true, nil, false]),
    ] {
      var array = ArrowCArray()
      column.export(to: &array)
      var moved: [UnsafeMutableRawPointer] = []
      defer { for pointer in moved { pointer.deallocate() } }
      let buffers = [column.validity].compactMap { $0 } + column.buffers
      for (index, buffer) in buffers.enumerated() {
        let pointer = UnsafeMutableRawPointer.allocate(byteCount: buffer.count + 8, alignment: 8)
        buffer.withUnsafeBytes { bytes in
          if let start = bytes.baseAddress {
            (pointer + shift).copyMemory(from: start, byteCount: bytes.count)
          }
        }
        array.buffers[index] = UnsafeRawPointer(pointer + shift)
        moved.append(pointer)
      }
      let copy = try ArrowColumn(consuming: &array, type: column.type)
      #expect(copy.values == column.values)
      #expect(Int(bitPattern: copy.buffers[0].storage.baseAddress).isMultiple(of: 8))
      #expect(copy.buffers.count == column.buffers.count)
    }
  }
}
