import ArrowIPC
import NativeLibraries
import SparkTypes

/// Reads a file as one row: Spark's `binaryFile`.
final class BinarySplitReader: SplitReader {
  private let file: ScanFile
  private let columns: [OutputColumn]
  private let schema: ArrowSchema
  private var isDone = false

  /// Spark's limit, which is that of Java's arrays.
  private static let maximumLength = Int64(Int32.max)

  init(file: ScanFile, columns: [OutputColumn], schema: ArrowSchema) {
    self.file = file
    self.columns = columns
    self.schema = schema
  }

  func next() throws(FileTableError) -> RecordBatch? {
    if isDone { return nil }
    isDone = true
    var made: [ArrowColumn] = []
    for column in columns {
      let value: ArrowValue
      switch column.constant == nil ? column.field.name.lowercased() : "" {
      case "path": value = .string(uri)
      case "modificationtime":
        // Spark's times of files have no more than milliseconds.
        value = file.modified < 0 ? .null : .int(file.modified / 1_000_000 * 1000)
      case "length": value = .int(file.length)
      case "content":
        made.append(ArrowColumn.binary([try contents()]).retyped(column.type))
        continue
      default: value = column.constant ?? .null
      }
      made.append(try ColumnConversion.constant(value, 1, column.type))
    }
    let (schema, columns) = (schema, made)
    return try ColumnConversion.wrapped {
      try RecordBatch(schema: schema, columns: columns, rowCount: 1)
    }
  }

  /// The path as Spark gives it: with a scheme.
  private var uri: String {
    if !file.store.isLocal { return file.location }
    let path = file.location
    return "file:" + (path.hasPrefix("/") ? path : "\(FileSystem.currentDirectory)/\(path)")
  }

  private func contents() throws(FileTableError) -> [UInt8] {
    if file.length > Self.maximumLength {
      throw FileTableError(
        .unsupported,
        "the file '\(file.location)' has \(file.length) bytes, more than the \(Self.maximumLength) that "
          + "one value can have; select the columns without content",
        path: file.location)
    }
    let input = try FileBytes(file.store, file.path, decompressing: false)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(max(Int(file.length), 0))
    while true {
      let piece = try input.read(upTo: 1 << 20)
      if piece.isEmpty { return bytes }
      bytes += piece
    }
  }

  func cancel() { isDone = true }
}
