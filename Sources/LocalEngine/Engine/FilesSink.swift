import ArrowIPC
import FileTables

/// Files as the sink of a run.
struct FilesSink: EngineSink, @unchecked Sendable {
  /// The sizes that Spark gives partitions: what is read at most, and what a further file counts.
  private static let partBytes: Int64 = 128 << 20
  private static let openBytes: Int64 = 4 << 20

  // Parts are opened by one thread each, and committed when all have ended.
  private let sink: FileSink

  init(_ sink: FileSink) { self.sink = sink }

  func parts(of splits: [Int64]) -> [Int] {
    sink.isSingleFile ? splits.map { _ in 0 } : Self.grouped(splits)
  }

  /// The number of each split's part, where parts have about the sizes of Spark's.
  static func grouped(_ splits: [Int64]) -> [Int] {
    var part = 0
    var bytes: Int64 = 0
    return splits.enumerated().map { place, size in
      if place > 0, bytes + size > partBytes {
        part += 1
        bytes = 0
      }
      bytes += size + openBytes
      return part
    }
  }

  func part(_ index: Int) throws -> any EnginePart {
    Part(try sink.part(index), schema: sink.arrowSchema)
  }
  func commit() throws { try sink.commit() }
  func abort() { sink.abort() }

  private final class Part: EnginePart, @unchecked Sendable {
    private let part: FilePart
    private let schema: ArrowSchema

    init(_ part: FilePart, schema: ArrowSchema) {
      self.part = part
      self.schema = schema
    }

    func write(_ batch: RecordBatch) throws {
      try part.write(try batch.relaid(as: schema))
    }

    func close() throws { try part.close() }
  }
}

extension RecordBatch {
  /// The same rows in a schema of files: time zones that timestamps carry, and names within lists, may
  /// differ.
  func relaid(as schema: ArrowSchema) throws -> RecordBatch {
    let columns = try zip(columns, schema.fields).map { try $0.relaid(as: $1.type) }
    return try RecordBatch(schema: schema, columns: columns, rowCount: rowCount)
  }
}
