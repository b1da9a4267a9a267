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
    if sink.isSingleFile { return splits.map { _ in 0 } }
    var part = 0
    var bytes: Int64 = 0
    return splits.enumerated().map { place, size in
      if place > 0, bytes + size > Self.partBytes {
        part += 1
        bytes = 0
      }
      bytes += size + Self.openBytes
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
      // Time zones that timestamps carry, and names within lists, may differ.
      let columns = try zip(batch.columns, schema.fields).map { try $0.relaid(as: $1.type) }
      try part.write(
        try RecordBatch(schema: schema, columns: columns, rowCount: batch.rowCount))
    }

    func close() throws { try part.close() }
  }
}
