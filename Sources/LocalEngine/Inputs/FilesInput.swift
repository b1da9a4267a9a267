import ArrowIPC
import FileTables
import SparkFunctions
import SparkTypes

/// The rows of files.
struct FilesInput: TableInput {
  let scan: FileScan
  let paths: [String]
  let columns: [(field: StructField, type: ArrowType)]

  /// Footers are read once, when somebody asks.
  private let knownRows: Once<Int?>

  var rows: Int? { knownRows.value }
  var bytes: Int64 { scan.bytes }

  init(_ scan: FileScan, paths: [String]) {
    self.scan = scan
    self.paths = paths
    knownRows = Once { scan.rows }
    columns = zip(scan.schema, scan.arrowSchema.fields).map { (field: $0, type: $1.type) }
  }

  func sampled(rows: Int, seed: UInt64) -> any TableInput {
    FilesInput(scan.sampled(rows: rows, seed: seed), paths: paths)
  }

  func source(
    _ places: [Int], parallelism: Int, limit: Int?, faults: RunFaults
  ) throws -> any EngineSource {
    var scan =
      places.count == columns.count
      ? scan : try scan.selecting(places.map { columns[$0].field.name })
    if let limit { scan = try scan.limited(to: limit) }
    return FilesSource(scan, scan.splits(parallelism: parallelism), rows: rows)
  }
}

/// Splits of files.
private struct FilesSource: EngineSource {
  let scan: FileScan
  let splits: [FileSplit]
  let rows: Int?

  init(_ scan: FileScan, _ splits: [FileSplit], rows: Int?) {
    self.scan = scan
    self.splits = splits
    self.rows = rows
  }

  var splitCount: Int { splits.count }
  func bytes(of split: Int) -> Int64 { splits[split].size }

  func open(_ split: Int, batchRows: Int) async throws -> any EngineBatches {
    FilesBatches(try scan.batches(of: splits[split], batchRows: batchRows), splits[split])
  }
}

/// The rows of one split. One thread at a time reads them.
private final class FilesBatches: EngineBatches, @unchecked Sendable {
  private let batches: ScanBatches
  let origin: RowOrigin
  let place: String?

  init(_ batches: ScanBatches, _ split: FileSplit) {
    self.batches = batches
    // Nobody has counted the rows before a text file's part.
    let isKnown = batches.firstRow != nil || split.start == 0
    place =
      "file \(split.location)"
      + (isKnown ? "" : ", rows counted from its byte \(batches.firstByte)")
    origin = RowOrigin(
      first: batches.firstRow ?? 0, whole: isKnown ? "the file" : "a part of the file")
  }

  func next() async throws -> RecordBatch? { try batches.next() }

  func cancel() { batches.cancel() }
}
