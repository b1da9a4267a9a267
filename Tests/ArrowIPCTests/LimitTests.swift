import Testing

@testable import ArrowIPC

/// Few bytes that claim much cost little.
struct LimitTests {
  /// A stream of one schema message.
  private static func stream(
    _ schema: (inout FlatbufferBuilder) -> FlatbufferBuilder.Reference
  ) -> [UInt8] {
    var builder = FlatbufferBuilder()
    let header = schema(&builder)
    let metadata = builder.finish(
      builder.table([
        .short(metadataVersion5), .byte(MessageHeader.schema.rawValue), .reference(header),
        .long(0),
      ]))
    return withUnsafeBytes(of: continuationMarker.littleEndian) { Array($0) }
      + withUnsafeBytes(of: Int32(metadata.count).littleEndian) { Array($0) } + metadata
  }

  /// A struct within a struct, `depth` times, each level with the level below as both of its fields.
  private static func structs(depth: Int) -> [UInt8] {
    stream { builder in
      let type = builder.table([])
      let kind = FlatbufferBuilder.Value.byte(TypeKind.structure.rawValue)
      var field = builder.table([nil, nil, kind, .reference(type)])
      for _ in 0..<depth {
        let children = builder.vector([field, field])
        field = builder.table([nil, nil, kind, .reference(type), nil, .reference(children)])
      }
      let fields = builder.vector([field])
      return builder.table([nil, .reference(fields)])
    }
  }

  private static func code(_ body: () throws -> Void) -> ArrowError.Code? {
    do { try body() } catch { return (error as? ArrowError)?.code }
    return nil
  }

  @Test("schemas that unfold without end are refused")
  func schemas() throws {
    #expect(try ArrowStreamReader(Self.structs(depth: 3)).schema.fields.count == 1)
    #expect(Self.code { _ = try ArrowStreamReader(Self.structs(depth: 40)) } == .limit)
    #expect(Self.code { _ = try ArrowStreamReader(Self.structs(depth: 100)) } == .malformed)
  }

  @Test("messages beyond the limits are refused before they are read")
  func messages() throws {
    let bytes = try Goldens.bytes("arrow/spark-shaped/ex02_eight_floats.stream")
    #expect(
      Self.code { _ = try ArrowStreamReader(bytes, limits: .init(metadata: 100)) } == .limit)
    let reader = try ArrowStreamReader(bytes, limits: .init(body: 100))
    #expect(Self.code { _ = try reader.readAll() } == .limit)
  }

  @Test(
    "compressed buffers cannot claim more than they can hold",
    arguments: BodyCompression.allCases,
    [
      (Int64(-2), .malformed), (1 << 31, .malformed), (1 << 40, .limit), (.max, .limit),
      (7, .malformed),
    ] as [(Int64, ArrowError.Code)])
  func compression(codec: BodyCompression, claim: (length: Int64, code: ArrowError.Code)) throws {
    let honest = try codec.compress(ArrowBuffer(copying: [UInt8](repeating: 7, count: 1000)))
    #expect(try codec.decompress(honest).count == 1000)
    var bytes = honest.withUnsafeBytes { Array($0) }
    bytes.replaceSubrange(0..<8, with: withUnsafeBytes(of: claim.length.littleEndian) { Array($0) })
    #expect(
      Self.code { _ = try codec.decompress(ArrowBuffer(copying: bytes)) } == claim.code)
    #expect(
      Self.code { _ = try codec.decompress(ArrowBuffer(copying: Array(bytes[..<7]))) }
        == .malformed)
  }

  @Test("a list cannot claim elements without end that take no memory")
  func memorylessElements() throws {
    let schema = ArrowSchema([
      ArrowField("c", .fixedSizeList(ArrowField("item", .null), count: 1 << 30))
    ])
    let nulls = ArrowColumn(unchecked: .null, count: 1 << 30, nullCount: 1 << 30)
    let column = ArrowColumn(unchecked: schema.fields[0].type, count: 1, children: [nulls])
    let batch = try RecordBatch(schema: schema, columns: [column], rowCount: 1)
    let bytes = try ArrowStreamWriter.bytes([batch], schema: schema)
    #expect(bytes.count < 1000)
    #expect(Self.code { _ = try ArrowStreamReader(bytes).readAll() } == .limit)
  }

  @Test("elements wider than the stream's alignment can be looked at")
  func alignment() throws {
    let path = "arrow/integration/cpp-21.0.0/generated_decimal.stream"
    for batch in try Goldens.read(path).batches {
      for column in batch.columns where column.type.byteWidth == 16 {
        let numbers = try column.withValues(as: Int128.self) { Array($0) }
        for (number, value) in zip(numbers, column.values) {
          guard case .decimal(let decimal) = value else { continue }
          #expect("\(number)" == decimal.unscaledDigits)
        }
      }
    }
  }
}
