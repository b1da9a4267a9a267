import ArrowIPC
import JSONText
import SparkTypes
import Synchronization

/// Reads a file of JSON lines, or a part of one.
final class JSONSplitReader: SplitReader {
  private let file: ScanFile
  private let options: JSONOptions
  private let columns: [OutputColumn]
  /// All columns that the files have: what makes a row malformed does not depend on the selection.
  private let fields: [StructField]
  private let places: [Int?]
  private let schema: ArrowSchema
  private let batchRows: Int
  private var lines: LineReader
  private let numbering: LineNumbering
  private var conversion: JSONConversion
  private var constants = ConstantColumns()
  private let isCancelled = Atomic(false)
  /// The rows that are collected, column by column.
  private var values: [[ArrowValue]]
  /// How many there are, and how many of them are given; a line with an array has many rows.
  private var rows = 0
  private var given = 0
  let firstByte: Int64?

  init(
    file: ScanFile, part: Range<Int64>?, settings: ScanSettings, columns: [OutputColumn],
    schema: ArrowSchema, batchRows: Int
  ) throws(FileTableError) {
    self.file = file
    self.columns = columns
    self.schema = schema
    self.batchRows = batchRows
    options = settings.json
    fields = settings.dataSchema.fields
    conversion = JSONConversion(zone: settings.zone)
    places = columns.map { column in
      column.constant == nil ? settings.places[ExactName(column.field.name)] : nil
    }
    values = Array(repeating: [], count: columns.count)
    lines = try LineReader(file, part)
    numbering = lines.numbering
    firstByte = lines.firstByte
  }

  func next() throws(FileTableError) -> RecordBatch? {
    while rows - given < batchRows, !isCancelled.load(ordering: .relaxed) {
      let number = lines.line + 1
      let isRead =
        try lines.next { (line) throws(FileTableError) in try take(line, number) } != nil
      if !isRead { break }
    }
    if isCancelled.load(ordering: .relaxed) {
      throw FileTableError(.cancelled, "the reading of '\(file.location)' was cancelled")
    }
    let taken = given..<min(rows, given + batchRows)
    if taken.isEmpty { return nil }
    defer {
      given = taken.upperBound
      if given == rows {
        (rows, given) = (0, 0)
        for index in values.indices { values[index].removeAll(keepingCapacity: true) }
      }
    }
    var made: [ArrowColumn] = []
    for (index, column) in columns.enumerated() {
      if places[index] == nil {
        made.append(
          try constants.column(index, column.constant ?? .null, column.type, count: taken.count))
      } else {
        let collected = Array(values[index][taken])
        made.append(try ColumnConversion.wrapped { try ArrowColumn(collected, type: column.type) })
      }
    }
    let (schema, columns, count) = (schema, made, taken.count)
    return try ColumnConversion.wrapped {
      try RecordBatch(schema: schema, columns: columns, rowCount: count)
    }
  }

  private func take(_ line: UnsafeRawBufferPointer, _ number: Int) throws(FileTableError) {
    conversion.begin()
    let node: JSONNode?
    do throws(JSONError) {
      node = try JSONNode(line)
    } catch {
      try malformed("it is no JSON: \(error)", line, number, row: nil)
      return
    }
    switch node {
    case nil: return
    case .object(let members, _)?: try add(members, line, number)
    case .array(let elements, _)?:
      for element in elements {
        if case .object(let members, _) = element {
          try add(members, line, number)
        } else {
          try malformed("it has an array of other than objects", line, number, row: nil)
        }
      }
    case .null?: try add([], line, number)
    case let other?:
      try malformed("it is '\(other.asText ?? "")' and no object", line, number, row: nil)
    }
  }

  private func add(
    _ members: [(name: String, value: JSONNode)], _ line: UnsafeRawBufferPointer, _ number: Int
  ) throws(FileTableError) {
    conversion.begin()
    let row = conversion.structure(members, StructType(fields))
    if let problem = conversion.problem {
      try malformed(problem, line, number, row: row)
    } else {
      append(row, corrupt: nil)
    }
  }

  private func malformed(
    _ why: String, _ line: UnsafeRawBufferPointer, _ number: Int, row: [ArrowValue]?
  ) throws(FileTableError) {
    switch options.mode {
    case .permissive:
      append(
        row ?? Array(repeating: .null, count: fields.count),
        corrupt: String(decoding: line, as: UTF8.self))
    case .dropMalformed: return
    case .failFast:
      throw FileTableError(
        .malformed,
        "\(numbering.text(number)): \(why); mend it, or read with mode PERMISSIVE (null for what is no "
          + "value) or DROPMALFORMED",
        path: file.location)
    }
  }

  private func append(_ row: [ArrowValue], corrupt: String?) {
    for (index, place) in places.enumerated() {
      guard let place else { continue }
      let isCorrupt = fields[place].name == JSONOptions.corruptColumn
      values[index].append(isCorrupt ? corrupt.map { .string($0) } ?? .null : row[place])
    }
    rows += 1
  }

  func cancel() { isCancelled.store(true, ordering: .relaxed) }
}
