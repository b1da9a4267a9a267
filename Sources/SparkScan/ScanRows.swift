import ArrowIPC
import FileTables
import Models
import SparkFunctions
import SparkTypes

/// The rows that a task reads from its parts of files, one part after the other, as the columns of the
/// plan.
final class ScanRows: BatchSource {
  private let plan: ScanPlan
  private let files: KnownFiles
  /// The positions in the files' batches of the columns; `nil` for those of one value.
  private let places: [Int?]
  private let schema: ArrowSchema
  private var parts: ArraySlice<ScanPart>
  private var remaining: Int?
  private var current: ScanBatches?
  private var constants: [Int: ArrowColumn] = [:]
  /// Where the rows of the last batch are, for messages.
  private(set) var place: String?

  init(_ plan: ScanPlan, parts: [ScanPart], zone: String) throws {
    self.plan = plan
    self.parts = parts[...]
    remaining = plan.limit
    var names: [String] = []
    var places: [Int?] = []
    for column in plan.columns {
      guard let file = column.file else {
        places.append(nil)
        continue
      }
      if let known = names.firstIndex(of: file) {
        places.append(known)
      } else {
        places.append(names.count)
        names.append(file)
      }
    }
    self.places = places
    files = try KnownFiles(
      format: plan.format, options: plan.options, schema: plan.schema, partitions: plan.partitions,
      columns: names)
    let declared = try StructType(plan.columns.map { StructField($0.name, $0.type) })
      .arrowSchema(timeZone: zone)
    schema = ArrowSchema(
      zip(places, declared.fields).map { [files] place, field in
        ArrowField(field.name, place.map { files.arrowSchema.fields[$0].type } ?? field.type)
      })
  }

  /// How messages number the rows: within the file if all are of one.
  func origin() throws -> RowOrigin? {
    guard parts.count == 1, let part = parts.first else { return nil }
    let batches = try open(part)
    parts.removeFirst()
    current = batches
    let file = "the file \(part.split.location)"
    guard let first = batches.firstRow else { return RowOrigin(whole: "a part of \(file)") }
    place = "file \(part.split.location)"
    return RowOrigin(first: first, whole: file)
  }

  private func open(_ part: ScanPart) throws -> ScanBatches {
    // The batches of a function may begin in the file before.
    let isFirst = place == nil
    var text =
      "\(isFirst ? "file" : "near the beginning of, or before, file") \(part.split.location)"
    place = text
    let batches = try files.batches(
      of: part.split, partition: part.values.map(\.arrowValue), batchRows: plan.batchRows)
    // Without an origin rows are counted from the task's first one.
    if isFirst, batches.firstRow != 0 {
      text += ", rows counted from its byte \(batches.firstByte)"
      place = text
    }
    return batches
  }

  func next() async throws -> RecordBatch? {
    while remaining != 0 {
      try Task.checkCancellation()
      if let current {
        if let batch = try current.next() { return try arranged(cut(batch)) }
        self.current = nil
      }
      guard let part = parts.popFirst() else { return nil }
      current = try open(part)
    }
    return nil
  }

  /// What is still wanted of a batch.
  private func cut(_ batch: RecordBatch) -> RecordBatch {
    guard let limit = remaining else { return batch }
    let count = min(limit, batch.rowCount)
    remaining = limit - count
    return count == batch.rowCount ? batch : batch.slice(0..<count)
  }

  private func arranged(_ batch: RecordBatch) throws -> RecordBatch {
    let columns = try places.indices.map { index in
      if let place = places[index] { return batch.columns[place] }
      return try constant(index, count: batch.rowCount)
    }
    return try RecordBatch(schema: schema, columns: columns, rowCount: batch.rowCount)
  }

  private func constant(_ index: Int, count: Int) throws -> ArrowColumn {
    if let known = constants[index], known.count >= count { return known.slice(0..<count) }
    let value = plan.columns[index].value?.arrowValue ?? .null
    let made = try ArrowColumn(
      Array(repeating: value, count: count), type: schema.fields[index].type)
    constants[index] = made
    return made
  }
}
