import Tensors

/// Reads record batches from a stream in Arrow's IPC format.
///
/// A batch's columns are views over the message that it came in. The reader takes exactly the bytes
/// of the stream: after the end-of-stream marker the source stands at the byte behind it.
///
/// ```swift
/// let reader = try ArrowStreamReader(bytes)
/// while let batch = try reader.next() { print(batch.rowCount) }
/// ```
public final class ArrowStreamReader {
  /// Sizes beyond which a message is refused.
  public struct Limits: Sendable {
    /// The greatest length of a message's metadata, in bytes.
    public var metadata: Int
    /// The greatest length of a message's body, in bytes.
    public var body: Int

    public init(metadata: Int = 1 << 26, body: Int = 1 << 36) {
      self.metadata = metadata
      self.body = body
    }
  }

  /// The stream's schema.
  public let schema: ArrowSchema
  private var source: MessageSource
  private let limits: Limits
  private var dictionaryFields: [Int64: ArrowField] = [:]
  private var dictionaries: [Int64: ArrowColumn] = [:]
  private var isAtEnd = false

  /// Reads the schema message from `source`.
  ///
  /// - Throws: ``ArrowError`` if the bytes are no Arrow stream; what the source throws.
  public convenience init(_ source: any ByteSource, limits: Limits = Limits()) throws {
    try self.init(.stream(source), limits)
  }

  /// Reads the schema message from `bytes`; batches will be views over them.
  ///
  /// - Throws: ``ArrowError`` if the bytes are no Arrow stream.
  public convenience init(_ bytes: ArrowBuffer, limits: Limits = Limits()) throws {
    try self.init(.memory(bytes, position: 0), limits)
  }

  /// Reads the schema message from a copy of `bytes`.
  ///
  /// - Throws: ``ArrowError`` if the bytes are no Arrow stream.
  public convenience init(_ bytes: [UInt8], limits: Limits = Limits()) throws {
    try self.init(ArrowBuffer(copying: bytes), limits: limits)
  }

  private init(_ source: MessageSource, _ limits: Limits) throws {
    var source = source
    guard let message = try Message.read(from: &source, limits) else {
      throw ArrowError(.truncated, "the stream ends before its schema")
    }
    guard message.kind == .schema else {
      throw ArrowError(.malformed, "the stream begins with a \(message.kind), not its schema")
    }
    schema = try SchemaDecoder.decode(message.header)
    self.source = source
    self.limits = limits
    dictionaryFields = Self.dictionaryFields(schema.fields)
  }

  /// The next record batch, or `nil` at the end of the stream.
  ///
  /// - Throws: ``ArrowError`` naming the column that is damaged; what the source throws.
  public func next() throws -> RecordBatch? {
    while !isAtEnd {
      guard let message = try Message.read(from: &source, limits) else {
        isAtEnd = true
        return nil
      }
      switch message.kind {
      case .recordBatch:
        var decoder = try BatchDecoder(
          message.header, body: message.body, dictionaries: dictionaries)
        return try decoder.batch(schema)
      case .dictionaryBatch:
        try Self.add(message, to: &dictionaries, fields: dictionaryFields)
      default:
        throw ArrowError(.malformed, "a \(message.kind) message within a stream of batches")
      }
    }
    return nil
  }

  /// The remaining batches.
  ///
  /// - Throws: what ``next()`` throws.
  public func readAll() throws -> [RecordBatch] {
    var batches: [RecordBatch] = []
    while let batch = try next() { batches.append(batch) }
    return batches
  }

  /// Takes a dictionary batch: a new dictionary, a replacement, or more values (a delta).
  static func add(
    _ message: Message, to dictionaries: inout [Int64: ArrowColumn],
    fields: [Int64: ArrowField]
  ) throws {
    let id = try message.header.number(DictionaryBatchField.id, default: Int64(0))
    guard let field = fields[id], let data = try message.header.table(DictionaryBatchField.data)
    else { throw ArrowError(.malformed, "a dictionary \(id) that no column uses") }
    var decoder = try BatchDecoder(data, body: message.body, dictionaries: dictionaries)
    let values = try decoder.batch(ArrowSchema([field])).columns[0]
    if try message.header.flag(DictionaryBatchField.isDelta) {
      guard let known = dictionaries[id] else {
        throw ArrowError(
          .malformed, "more values for the dictionary \(id), which has not come before them",
          context: "column '\(field.name)'")
      }
      dictionaries[id] = try ArrowColumn.concatenating([known, values])
    } else {
      dictionaries[id] = values
    }
  }

  /// The value fields of all dictionaries within `fields`, by id.
  static func dictionaryFields(_ fields: [ArrowField]) -> [Int64: ArrowField] {
    var found: [Int64: ArrowField] = [:]
    for field in fields {
      if case .dictionary(let id, _, let value, _) = field.type {
        found[id] = ArrowField(field.name, value)
        found.merge(dictionaryFields(value.childFields)) { first, _ in first }
      } else {
        found.merge(dictionaryFields(field.type.childFields)) { first, _ in first }
      }
    }
    return found
  }
}

/// One encapsulated message: its metadata and its body.
struct Message {
  let kind: MessageHeader
  let header: FlatbufferTable
  let body: ArrowBuffer

  /// The next message, or `nil` at an end-of-stream marker or the end of the source.
  static func read(
    from source: inout MessageSource, _ limits: ArrowStreamReader.Limits
  ) throws -> Message? {
    guard let first = try source.take(4) else { return nil }
    var length = UInt32(littleEndian: first.load(UInt32.self))
    // Before format version 0.15 the length came without a marker.
    if length == continuationMarker {
      guard let second = try source.take(4) else { return nil }
      length = UInt32(littleEndian: second.load(UInt32.self))
    }
    if length == 0 { return nil }
    guard length <= Int32.max else {
      throw ArrowError(.malformed, "metadata of \(Int32(bitPattern: length)) bytes")
    }
    guard length <= limits.metadata else {
      throw ArrowError(.limit, "metadata of \(length) bytes; at most \(limits.metadata) are taken")
    }
    guard let metadata = try source.take(Int(length)) else {
      throw ArrowError(.truncated, "the stream ends within a message's metadata")
    }
    let table = try FlatbufferTable(root: metadata.withUnsafeBytes { Array($0) })
    return try Message(table, limits) { try source.take($0) }
  }

  init(
    _ table: FlatbufferTable, _ limits: ArrowStreamReader.Limits,
    takeBody: (Int) throws -> ArrowBuffer?
  ) throws {
    let version = try table.number(MessageField.version, default: Int16(0))
    guard version == 3 || version == 4 else {
      throw ArrowError(
        .unsupported, "metadata version \(Int(version) + 1); versions 4 and 5 are understood")
    }
    let rawKind = try table.number(MessageField.headerType, default: UInt8(0))
    guard let kind = MessageHeader(rawValue: rawKind),
      let header = try table.table(MessageField.header)
    else { throw ArrowError(.malformed, "a message of the unknown kind \(rawKind)") }
    let bodyLength = try table.number(MessageField.bodyLength, default: Int64(0))
    guard bodyLength >= 0 else { throw ArrowError(.malformed, "a body of \(bodyLength) bytes") }
    guard bodyLength <= limits.body else {
      throw ArrowError(.limit, "a body of \(bodyLength) bytes; at most \(limits.body) are taken")
    }
    self.kind = kind
    self.header = header
    if bodyLength == 0 {
      body = .empty
    } else if let bytes = try takeBody(Int(bodyLength)) {
      body = bytes
    } else {
      throw ArrowError(.truncated, "the stream ends before a message's body")
    }
  }
}

extension ArrowBuffer {
  /// The number at the beginning of the buffer, which holds one.
  func load<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type) -> Number {
    withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 0, as: Number.self) }
  }
}
