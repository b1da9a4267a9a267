import Tensors

/// Reads the record batches of a file in Arrow's IPC file format (Feather version 2), in any order.
public struct ArrowFileReader: Sendable {
  /// The fields that each batch of the file has.
  public let schema: ArrowSchema
  private let bytes: ArrowBuffer
  private let blocks: [Block]
  private let dictionaries: [Int64: ArrowColumn]

  private struct Block: Sendable {
    let offset: Int
    let metadataLength: Int
    let bodyLength: Int
  }

  /// - Parameter bytes: the whole file; batches will be views over it.
  /// - Throws: ``ArrowError`` if it is no Arrow file or damaged.
  public init(_ bytes: ArrowBuffer) throws {
    let magic = fileMagic.count
    guard bytes.count >= 2 * magic + 10,
      bytes.slice(0..<magic).withUnsafeBytes({ $0.elementsEqual(fileMagic) }),
      bytes.slice(bytes.count - magic..<bytes.count).withUnsafeBytes({ $0.elementsEqual(fileMagic) }
      )
    else { throw ArrowError(.malformed, "the file does not begin and end with ARROW1") }
    let lengthAt = bytes.count - magic - 4
    let length = Int(Int32(littleEndian: bytes.slice(lengthAt..<lengthAt + 4).load(Int32.self)))
    guard length > 0, length <= lengthAt - magic else {
      throw ArrowError(.malformed, "the file has a footer of \(length) bytes")
    }
    let footer = try FlatbufferTable(
      root: bytes.slice(lengthAt - length..<lengthAt).withUnsafeBytes { Array($0) })
    guard let schemaTable = try footer.table(FooterField.schema) else {
      throw ArrowError(.malformed, "the file's footer has no schema")
    }
    let schema = try SchemaDecoder.decode(schemaTable)
    var dictionaries: [Int64: ArrowColumn] = [:]
    let fields = ArrowStreamReader.dictionaryFields(schema.fields)
    for block in try Self.blocks(footer, FooterField.dictionaries, bytes.count) {
      try ArrowStreamReader.add(
        try Self.message(block, in: bytes), to: &dictionaries, fields: fields)
    }
    self.schema = schema
    self.bytes = bytes
    self.dictionaries = dictionaries
    blocks = try Self.blocks(footer, FooterField.recordBatches, bytes.count)
  }

  /// The number of batches in the file.
  public var batchCount: Int { blocks.count }

  /// Batch number `index`.
  ///
  /// - Precondition: `index` is less than ``batchCount``.
  /// - Throws: ``ArrowError`` naming the column that is damaged.
  public func batch(_ index: Int) throws -> RecordBatch {
    let message = try Self.message(blocks[index], in: bytes)
    guard message.kind == .recordBatch else {
      throw ArrowError(.malformed, "block \(index) of the file holds a \(message.kind)")
    }
    var decoder = try BatchDecoder(message.header, body: message.body, dictionaries: dictionaries)
    return try decoder.batch(schema)
  }

  /// The blocks of a footer vector. A block is three numbers in 24 bytes: offset (64 bits), length of
  /// the metadata (32 bits, then 32 of padding), length of the body (64 bits).
  private static func blocks(
    _ footer: FlatbufferTable, _ field: FooterField, _ fileLength: Int
  ) throws -> [Block] {
    let numbers = try footer.numbers(field, width: 3)
    return try stride(from: 0, to: numbers.count, by: 3).map { at in
      let metadata = Int64(Int32(truncatingIfNeeded: numbers[at + 1]))
      let (offset, body) = (numbers[at], numbers[at + 2])
      guard offset >= 0, metadata >= 8, body >= 0, offset <= fileLength,
        metadata <= Int64(fileLength) - offset, body <= Int64(fileLength) - offset - metadata
      else { throw ArrowError(.malformed, "a block of the file lies outside it") }
      return Block(offset: Int(offset), metadataLength: Int(metadata), bodyLength: Int(body))
    }
  }

  private static func message(_ block: Block, in bytes: ArrowBuffer) throws -> Message {
    let end = block.offset + block.metadataLength + block.bodyLength
    var source = MessageSource.memory(bytes.slice(block.offset..<end), position: 0)
    guard let message = try Message.read(from: &source, ArrowStreamReader.Limits()) else {
      throw ArrowError(.malformed, "a block of the file is empty")
    }
    return message
  }
}

/// Writes record batches as a file in Arrow's IPC file format (Feather version 2).
public final class ArrowFileWriter {
  private let sink: any ByteSink
  private let encoder: MessageEncoder
  private var position = 0
  private var batches: [Int64] = []
  private var dictionaries: [Int64] = []
  private var written: [Int64: ArrowColumn] = [:]

  /// - Throws: what the sink throws.
  public init(
    _ sink: any ByteSink, schema: ArrowSchema, compression: BodyCompression? = nil
  ) throws {
    self.sink = sink
    encoder = MessageEncoder(schema: schema, compression: compression)
    try put([ArrowBuffer(copying: fileMagic + [0, 0])])
    try put(encoder.schemaMessage().buffers)
  }

  private func put(_ buffers: [ArrowBuffer]) throws {
    try sink.write(buffers)
    position += buffers.reduce(0) { $0 + $1.count }
  }

  private func put(_ message: MessageEncoder.Encoded, in blocks: inout [Int64]) throws {
    blocks += [Int64(position), Int64(message.metadataLength), Int64(message.bodyLength)]
    try put(message.buffers)
  }

  /// Writes one batch.
  ///
  /// - Throws: ``ArrowError`` if its columns are not those of the schema, or a dictionary changes
  ///   between batches, which files cannot hold; what the sink throws.
  public func write(_ batch: RecordBatch) throws {
    try encoder.check(batch)
    for (id, values) in try MessageEncoder.dictionaries(batch) {
      if let known = written[id] {
        guard known.holdsSameValues(as: values) else {
          throw ArrowError(
            .unsupported, "the dictionary \(id) changes between batches; write a stream instead")
        }
        continue
      }
      written[id] = values
      try put(try encoder.dictionaryMessage(id: id, values), in: &dictionaries)
    }
    try put(try encoder.batchMessage(batch), in: &batches)
  }

  /// Writes the footer.
  ///
  /// - Throws: what the sink throws.
  public func finish() throws {
    try put([ArrowBuffer(copying: [continuationMarker, 0])])
    var builder = FlatbufferBuilder()
    let batchVector = builder.vector(batches, width: 3)
    let dictionaryVector = builder.vector(dictionaries, width: 3)
    let schema = SchemaEncoder.encode(encoder.schema, into: &builder)
    let footer = builder.finish(
      builder.table([
        .short(metadataVersion5), .reference(schema), .reference(dictionaryVector),
        .reference(batchVector),
      ]))
    try put([
      ArrowBuffer(copying: footer), ArrowBuffer(copying: [Int32(footer.count).littleEndian]),
      ArrowBuffer(copying: fileMagic),
    ])
  }
}
