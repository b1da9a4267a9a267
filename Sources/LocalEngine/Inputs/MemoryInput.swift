package import ArrowIPC
import FileTables
import SparkFunctions
import SparkTypes

/// Rows that are in memory.
struct MemoryInput: TableInput {
  let columns: [(field: StructField, type: ArrowType)]
  private let batches: [RecordBatch]

  var rows: Int? { batches.reduce(0) { $0 + $1.rowCount } }
  var bytes: Int64 {
    Int64(batches.flatMap(\.columns).reduce(0) { $0 + $1.referencedBytes })
  }
  var paths: [String] { [] }

  init(_ batches: [RecordBatch], schema: StructType?) throws {
    guard let arrow = try batches.first?.schema ?? schema?.arrowSchema() else {
      throw LocalTableError(
        .invalidArgument, "a table needs a schema: give one, or at least one batch")
    }
    let fields = try schema ?? StructType(arrow: arrow)
    guard fields.count == arrow.fields.count else {
      throw LocalTableError(
        .invalidArgument,
        "the schema has \(fields.count) columns, the batches have \(arrow.fields.count)")
    }
    // As Spark would give them: names of list elements, and strings of one layout.
    let types = try fields.arrowSchema().fields.map(\.type)
    self.batches = try batches.map { batch in
      guard batch.columns.count == types.count else {
        throw LocalTableError(
          .invalidArgument,
          "one batch has \(types.count) columns, another \(batch.columns.count)")
      }
      let columns = try zip(batch.columns, types).enumerated().map { place, column in
        try Self.fitted(column.0, to: column.1, name: fields[place].name)
      }
      return try RecordBatch(
        schema: ArrowSchema(zip(fields, types).map { ArrowField($0.name, $1) }), columns: columns,
        rowCount: batch.rowCount)
    }
    columns = zip(fields, types).map { (field: $0, type: $1) }
  }

  private static func fitted(
    _ column: ArrowColumn, to type: ArrowType, name: String
  ) throws -> ArrowColumn {
    let plain = try column.decodingDictionary()
    if plain.type == type { return plain }
    if plain.type.isExchangeable(with: type) { return try plain.relaid(as: type) }
    // Unsigned and half numbers, and other units of time, are wider in Spark.
    do {
      return try ArrowColumn(plain.values, type: type)
    } catch {
      throw LocalTableError(
        .invalidArgument,
        "the column '\(name)' is \(column.type), which does not become \(type): \(error)",
        cause: error)
    }
  }

  /// The first rows of each batch.
  func sampled(rows: Int, seed: UInt64) throws -> any TableInput {
    let shares = RowSample.shares(of: rows, among: batches.map(\.rowCount))
    let parts = zip(batches, shares).map { $0.slice(0..<$1) }
    return try MemoryInput(parts, schema: StructType(columns.map(\.field)))
  }

  func source(
    _ places: [Int], parallelism: Int, limit: Int?, faults: RunFaults
  ) throws -> any EngineSource {
    MemorySource(
      batches: try batches.map { batch in
        try RecordBatch(
          schema: ArrowSchema(places.map { batch.schema.fields[$0] }),
          columns: places.map { batch.columns[$0] }, rowCount: batch.rowCount)
      })
  }
}

/// Batches as the splits of a run.
package struct MemorySource: EngineSource {
  let batches: [RecordBatch]

  package init(batches: [RecordBatch]) { self.batches = batches }

  package var splitCount: Int { batches.count }
  package var rows: Int? { batches.reduce(0) { $0 + $1.rowCount } }
  package func bytes(of split: Int) -> Int64 {
    Int64(batches[split].columns.reduce(0) { $0 + $1.referencedBytes })
  }
  package func open(_ split: Int, batchRows: Int) async throws -> any EngineBatches {
    let first = batches[..<split].reduce(0) { $0 + $1.rowCount }
    return MemoryBatches(batches[split], origin: RowOrigin(first: first, whole: "the table"))
  }
}

/// One batch. One thread at a time takes it.
private final class MemoryBatches: EngineBatches, @unchecked Sendable {
  private var batch: RecordBatch?
  let origin: RowOrigin
  var place: String? { nil }

  init(_ batch: RecordBatch, origin: RowOrigin) {
    self.batch = batch
    self.origin = origin
  }

  func next() async throws -> RecordBatch? {
    defer { batch = nil }
    return batch
  }

  func cancel() {}
}
