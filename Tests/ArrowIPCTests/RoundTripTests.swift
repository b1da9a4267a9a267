import ArrowIPC
import Tensors
import Testing

/// What is written is read back equal: whole, in slices, compressed, as stream and as file.
struct RoundTripTests {
  enum Form: Sendable, CaseIterable {
    case stream, file, lz4Stream, zstdStream, lz4File

    var compression: BodyCompression? {
      switch self {
      case .stream, .file: nil
      case .lz4Stream, .lz4File: .lz4Frame
      case .zstdStream: .zstd
      }
    }

    func copy(_ batches: [RecordBatch], _ schema: ArrowSchema) throws -> [RecordBatch] {
      switch self {
      case .stream, .lz4Stream, .zstdStream:
        let bytes = try ArrowStreamWriter.bytes(batches, schema: schema, compression: compression)
        #expect(bytes.count.isMultiple(of: 8))
        let reader = try ArrowStreamReader(bytes)
        #expect(reader.schema == schema)
        return try reader.readAll()
      case .file, .lz4File:
        let reader = try ArrowFileReader(
          ArrowBuffer(copying: try RoundTripTests.file(batches, schema, compression)))
        #expect(reader.schema == schema)
        return try (0..<reader.batchCount).map { try reader.batch($0) }
      }
    }
  }

  static func file(
    _ batches: [RecordBatch], _ schema: ArrowSchema, _ compression: BodyCompression? = nil
  ) throws -> [UInt8] {
    let sink = MemorySink()
    let writer = try ArrowFileWriter(sink, schema: schema, compression: compression)
    for batch in batches { try writer.write(batch) }
    try writer.finish()
    return sink.bytes
  }

  @Test("goldens survive", arguments: Form.allCases)
  func goldens(form: Form) throws {
    for path in GoldenTests.accepted.map({ $0 + ".stream" }) + GoldenTests.sparkNames {
      let (schema, batches) = try Goldens.read(path)
      let copies = try form.copy(batches, schema)
      expectEqual(copies, batches.map { $0.columns.map(\.values) })
    }
  }

  @Test("slices survive", arguments: [Form.stream, .zstdStream])
  func slices(form: Form) throws {
    for path in GoldenTests.accepted.map({ $0 + ".stream" }) + GoldenTests.sparkNames {
      let (schema, batches) = try Goldens.read(path)
      let slices = batches.filter { $0.rowCount > 3 }.flatMap { batch in
        [1..<batch.rowCount, 2..<batch.rowCount - 1, 3..<3].map { batch.slice($0) }
          + [batch.slice(1..<batch.rowCount).slice(1..<2)]
      }
      let copies = try form.copy(slices, schema)
      expectEqual(copies, slices.map { $0.columns.map(\.values) })
      for (slice, copy) in zip(slices, copies) {
        #expect(slice.columns.map(\.nullCount) == copy.columns.map(\.nullCount))
      }
    }
  }

  @Test("columns built from values have these values")
  func building() throws {
    for path in GoldenTests.accepted.map({ $0 + ".stream" }) + GoldenTests.sparkNames {
      let (schema, batches) = try Goldens.read(path)
      for batch in batches {
        for (field, column) in zip(schema.fields, batch.columns) {
          let values = column.values
          #expect(try ArrowColumn(values, type: field.type).values == values, "\(path) \(field)")
        }
      }
    }
  }

  @Test("concatenated slices are the whole")
  func concatenation() throws {
    for path in GoldenTests.accepted.map({ $0 + ".stream" }) + GoldenTests.sparkNames {
      let (_, batches) = try Goldens.read(path)
      for batch in batches {
        let cuts = [
          0, batch.rowCount / 3, batch.rowCount / 3, batch.rowCount * 2 / 3, batch.rowCount,
        ]
        let parts = zip(cuts, cuts.dropFirst()).map { batch.slice($0..<$1) }
        let whole = try RecordBatch.concatenating(parts)
        expectEqual([whole], [batch.columns.map(\.values)])
        #expect(whole.columns.map(\.nullCount) == batch.columns.map(\.nullCount))
      }
    }
  }

  @Test("empty columns of every type can be written")
  func empty() throws {
    for path in GoldenTests.accepted.map({ $0 + ".stream" }) {
      let schema = try Goldens.read(path).schema
      let batch = try RecordBatch(
        schema: schema, columns: schema.fields.map { ArrowColumn.empty($0.type) })
      let copy = try #require(try Form.stream.copy([batch], schema).first)
      #expect(copy.rowCount == 0)
    }
  }

  @Test("a dictionary that changes is sent again")
  func changedDictionary() throws {
    let type = ArrowType.dictionary(id: 7, index: .int8, value: .utf8, isOrdered: false)
    let schema = ArrowSchema([ArrowField("d", type)])
    func batch(_ words: [String]) throws -> RecordBatch {
      try RecordBatch(
        schema: schema,
        columns: [ArrowColumn(words.map { .string($0) } + [.null], type: type)])
    }
    let batches = [try batch(["a", "b", "a"]), try batch(["x", "y"]), try batch([])]
    // Read once, so that all dictionaries lie in one block of memory.
    let once = try Form.stream.copy(batches, schema)
    let twice = try Form.stream.copy(once, schema)
    expectEqual(twice, batches.map { $0.columns.map(\.values) })
    #expect(throws: ArrowError.self) { _ = try Self.file(batches, schema) }
    expectEqual(
      try Form.file.copy([batches[0], batches[0].slice(1..<3)], schema),
      [batches[0].columns.map(\.values), batches[0].slice(1..<3).columns.map(\.values)])
  }

  @Test("two dictionaries under one id are refused")
  func sharedId() throws {
    let type = ArrowType.dictionary(id: 0, index: .int32, value: .utf8, isOrdered: false)
    let batch = try RecordBatch([
      ("a", ArrowColumn([.string("x")], type: type)),
      ("b", ArrowColumn([.string("y")], type: type)),
    ])
    #expect {
      _ = try ArrowStreamWriter.bytes([batch], schema: batch.schema)
    } throws: { error in
      (error as? ArrowError)?.context == "column 'b'"
    }
  }

  @Test("metadata and names survive")
  func metadata() throws {
    let schema = ArrowSchema(
      [
        ArrowField("ä", .int32, isNullable: false, metadata: ["k": "v", "": "empty"]),
        ArrowField("ä", .timestamp(.nanosecond, timeZone: "Europe/Zürich")),
      ], metadata: ["pandas": "{}"])
    #expect(try Form.stream.copy([], schema).isEmpty)
    #expect(try Form.file.copy([], schema).isEmpty)
  }

  @Test("batches that do not fit are refused")
  func misfits() throws {
    let schema = ArrowSchema([ArrowField("a", .int32)])
    let other = try RecordBatch([("a", ArrowColumn.numbers([Int64(1)]))])
    #expect(throws: ArrowError.self) { _ = try ArrowStreamWriter.bytes([other], schema: schema) }
    #expect(throws: ArrowError.self) { _ = try Self.file([other], schema) }
    #expect(throws: ArrowError.self) {
      _ = try RecordBatch([
        ("a", ArrowColumn.numbers([Int32(1)])), ("b", ArrowColumn.numbers([Int32(1), 2])),
      ])
    }
    #expect(throws: ArrowError.self) { _ = try ArrowColumn([.string("x")], type: .int32) }
    #expect(throws: ArrowError.self) { _ = try ArrowColumn([.int(300)], type: .int8) }
  }
}
