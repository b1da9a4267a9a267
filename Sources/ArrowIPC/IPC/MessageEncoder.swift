/// Makes encapsulated messages: marker, length, metadata, body.
struct MessageEncoder {
  let schema: ArrowSchema
  let compression: BodyCompression?

  /// A message ready to be written.
  struct Encoded {
    /// Marker, length, metadata, then the pieces of the body.
    let buffers: [ArrowBuffer]
    /// Bytes up to the body.
    let metadataLength: Int
    let bodyLength: Int
  }

  private static func message(
    _ kind: MessageHeader, _ header: FlatbufferBuilder.Reference,
    _ builder: inout FlatbufferBuilder, body: [ArrowBuffer] = [], bodyLength: Int = 0
  ) -> Encoded {
    let root = builder.table([
      .short(metadataVersion5), .byte(kind.rawValue), .reference(header), .long(Int64(bodyLength)),
    ])
    let metadata = builder.finish(root)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(metadata.count + 8)
    withUnsafeBytes(of: continuationMarker.littleEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: Int32(metadata.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: metadata)
    return Encoded(
      buffers: [ArrowBuffer(copying: bytes)] + body, metadataLength: bytes.count,
      bodyLength: bodyLength)
  }

  /// The schema message.
  func schemaMessage() -> Encoded {
    var builder = FlatbufferBuilder()
    let header = SchemaEncoder.encode(schema, into: &builder)
    return Self.message(.schema, header, &builder)
  }

  /// The message of one record batch.
  func batchMessage(_ batch: RecordBatch) throws -> Encoded {
    var encoder = BatchEncoder(compression: compression)
    for column in batch.columns { try encoder.append(column) }
    var builder = FlatbufferBuilder()
    let header = encoder.metadata(rowCount: batch.rowCount, into: &builder)
    return Self.message(
      .recordBatch, header, &builder, body: encoder.pieces, bodyLength: encoder.bodyLength)
  }

  /// The message of one dictionary.
  func dictionaryMessage(id: Int64, _ values: ArrowColumn) throws -> Encoded {
    var encoder = BatchEncoder(compression: compression)
    try encoder.append(values)
    var builder = FlatbufferBuilder()
    let data = encoder.metadata(rowCount: values.count, into: &builder)
    let header = builder.table([.long(id), .reference(data)])
    return Self.message(
      .dictionaryBatch, header, &builder, body: encoder.pieces, bodyLength: encoder.bodyLength)
  }

  /// The dictionaries of a batch, inner ones first, each once.
  ///
  /// - Throws: ``ArrowError`` when columns of one dictionary id have different dictionaries.
  static func dictionaries(_ batch: RecordBatch) throws -> [(id: Int64, values: ArrowColumn)] {
    var found: [(id: Int64, values: ArrowColumn)] = []
    for (field, column) in zip(batch.schema.fields, batch.columns) {
      for (id, values) in dictionaries(column) {
        guard let known = found.first(where: { $0.id == id }) else {
          found.append((id, values))
          continue
        }
        guard known.values.holdsSameValues(as: values) else {
          throw ArrowError(
            .invalidArgument,
            "another column has other values under the dictionary id \(id); give each its own id",
            context: "column '\(field.name)'")
        }
      }
    }
    return found
  }

  /// The batch's columns must be those of the schema.
  func check(_ batch: RecordBatch) throws {
    let (found, expected) = (batch.columns.map(\.type), schema.fields.map(\.type))
    guard found == expected else {
      throw ArrowError(
        .invalidArgument, "a batch of columns \(found) does not fit the schema \(expected)")
    }
  }

  /// The dictionaries of a column and its children, inner ones first.
  private static func dictionaries(_ column: ArrowColumn) -> [(id: Int64, values: ArrowColumn)] {
    var found = column.children.flatMap { dictionaries($0) }
    if case .dictionary(let id, _, _, _) = column.type, let values = column.dictionary.first {
      found += dictionaries(values)
      found.append((id, values))
    }
    return found
  }
}
