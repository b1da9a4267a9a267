import Tensors

/// Writes record batches as a stream in Arrow's IPC format.
///
/// ```swift
/// let sink = MemorySink()
/// let writer = try ArrowStreamWriter(sink, schema: batch.schema)
/// try writer.write(batch)
/// try writer.finish()
/// ```
public final class ArrowStreamWriter {
  private let sink: any ByteSink
  private let encoder: MessageEncoder
  private var sentDictionaries: [Int64: ObjectIdentifier] = [:]

  /// Writes the schema message.
  ///
  /// - Throws: what the sink throws.
  public init(
    _ sink: any ByteSink, schema: ArrowSchema, compression: BodyCompression? = nil
  ) throws {
    self.sink = sink
    encoder = MessageEncoder(schema: schema, compression: compression)
    try sink.write(encoder.schemaMessage().buffers)
  }

  /// Writes one batch, and before it the dictionaries that changed since the last one.
  ///
  /// - Throws: ``ArrowError`` if its columns are not those of the schema; what the sink throws.
  public func write(_ batch: RecordBatch) throws {
    let expected = encoder.schema.fields.map(\.type)
    guard batch.columns.map(\.type) == expected else {
      throw ArrowError(
        .invalidArgument, "a batch of \(batch.columns.map(\.type)) in a stream of \(expected)")
    }
    for (id, values) in batch.columns.flatMap(MessageEncoder.dictionaries) {
      // Columns that share a dictionary share its memory.
      let identity = values.identity
      if let identity, sentDictionaries[id] == identity { continue }
      sentDictionaries[id] = identity
      try sink.write(try encoder.dictionaryMessage(id: id, values).buffers)
    }
    try sink.write(try encoder.batchMessage(batch).buffers)
  }

  /// Writes the end-of-stream marker.
  ///
  /// - Throws: what the sink throws.
  public func finish() throws {
    try sink.write([ArrowBuffer(copying: [continuationMarker, 0])])
  }

  /// The bytes of a stream of `batches`.
  ///
  /// - Throws: ``ArrowError`` if the batches differ in type from `schema`.
  public static func bytes(
    _ batches: [RecordBatch], schema: ArrowSchema, compression: BodyCompression? = nil
  ) throws -> [UInt8] {
    let sink = MemorySink()
    let writer = try ArrowStreamWriter(sink, schema: schema, compression: compression)
    for batch in batches { try writer.write(batch) }
    try writer.finish()
    return sink.bytes
  }
}

extension ArrowColumn {
  /// Identifies the memory behind the column, `nil` if it has none or is cut from more.
  var identity: ObjectIdentifier? {
    if offset != 0 { return nil }
    if let buffer = buffers.last(where: { $0.count > 0 }) { return ObjectIdentifier(buffer.storage) }
    return children.first?.identity
  }
}
