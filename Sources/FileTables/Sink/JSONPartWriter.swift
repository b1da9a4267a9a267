import ArrowIPC
import SparkTypes

/// Spark's options of JSON that is written.
struct JSONWriting: Sendable {
  /// Whether fields that are null are left out.
  var ignoresNulls = true

  init() {}

  init(_ options: FileOptions) throws(FileTableError) {
    try MalformedMode.checkText(options, of: "JSON")
    ignoresNulls = try options.boolean("ignoreNullFields", default: true)
  }
}

/// Writes JSON lines as Spark does.
final class JSONPartWriter: PartWriter {
  private let output: FileBytesWriter
  private let json: SparkJSON

  init(
    _ store: FileStore, _ path: String, _ settings: SinkSettings
  ) throws(FileTableError) {
    json = SparkJSON(zone: settings.zone, ignoresNulls: settings.json.ignoresNulls)
    for field in settings.schema.fields { try Self.check(field.type, field.name) }
    output = try FileBytesWriter(store, path, compression: settings.compression)
  }

  private static func check(_ type: DataType, _ name: String) throws(FileTableError) {
    switch type {
    case .array(let element, _): try check(element, name + ".element")
    case .map(let key, let value, _):
      try check(key, name + ".key")
      try check(value, name + ".value")
    case .struct(let fields):
      for field in fields.fields { try check(field.type, "\(name).\(field.name)") }
    case .boolean, .byte, .short, .integer, .long, .float, .double, .decimal, .date, .timestamp,
      .timestampNTZ, .null, .binary:
      return
    case let type where type.isString: return
    case .userDefined(let type) where type.storedType != nil:
      // In the form in which it is stored, as Spark does.
      if let stored = type.storedType { try check(stored, name) }
    default:
      throw FileTableError(
        .schema,
        "the column '\(name)' is \(type), which is not written as JSON here; leave it out, make it a "
          + "string, or write parquet")
    }
  }

  func write(_ batch: RecordBatch) throws(FileTableError) {
    var text: [UInt8] = []
    for row in 0..<batch.rowCount {
      json.object(batch.schema.fields, batch.columns, row, to: &text)
      text.append(0x0A)
      if text.count > 1 << 20 {
        try output.write(text)
        text.removeAll(keepingCapacity: true)
      }
    }
    if !text.isEmpty { try output.write(text) }
  }

  func close() throws(FileTableError) -> Int64 { try output.close() }
  func abort() { output.abort() }
}
