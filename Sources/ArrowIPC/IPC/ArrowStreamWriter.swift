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
  private var sentDictionaries: [Int64: ArrowColumn] = [:]

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
    try encoder.check(batch)
    for (id, values) in try MessageEncoder.dictionaries(batch) {
      if let sent = sentDictionaries[id], sent.sharesMemory(with: values) { continue }
      sentDictionaries[id] = values
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
  /// Whether both columns are the same rows of the same memory.
  func sharesMemory(with other: ArrowColumn) -> Bool {
    func same(_ a: ArrowBuffer?, _ b: ArrowBuffer?) -> Bool {
      a?.storage === b?.storage && a?.byteOffset == b?.byteOffset && a?.count == b?.count
    }
    func same(_ a: [ArrowColumn], _ b: [ArrowColumn]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { $0.sharesMemory(with: $1) }
    }
    return type == other.type && count == other.count && offset == other.offset
      && same(validity, other.validity) && buffers.count == other.buffers.count
      && zip(buffers, other.buffers).allSatisfy { same($0, $1) } && same(children, other.children)
      && same(dictionary, other.dictionary)
  }

  /// Whether both columns hold the same values, found out as cheaply as possible.
  func holdsSameValues(as other: ArrowColumn) -> Bool {
    sharesMemory(with: other) || (type == other.type && values == other.values)
  }
}
