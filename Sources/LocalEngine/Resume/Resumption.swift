import ArrowIPC
import FileTables
package import ModelKinds
import Models
package import SparkConnect
import SparkFunctions
package import SparkTypes
import Threads

/// Writing a table to a folder that may have some of its rows already.
package struct Resumption: Sendable {
  /// The names of the columns that tell rows apart, as the user gave them.
  var key: [String]
  /// Whether the rows that are there are removed.
  var isRestarted: Bool
  /// The greatest number of rows in a part; `nil` for those of half a minute.
  var partRows: Int?

  /// Writes the rows of `table` that `path` does not have.
  func run(
    _ table: LocalTable, to path: String, format: FileFormat?, options: [String: String]
  ) async throws -> LocalSummary {
    let columns = try keyColumns(of: table)
    let errors = try errorColumns(of: table)
    let schema = table.lineage.stored(table.columns)
    let folder = try GrowingFolder(path, format: format, options: options, schema: schema)
    try check(columns.map(\.field), format: folder.format)
    let keys = RowKeys(columns.map(\.field.name))
    let redone = try await Thread.run {
      let note = try OutputNote(
        key: columns.map(\.field.name), schema: schema, format: folder.format.rawValue,
        predictions: table.lineage.predictions, functions: table.lineage.functions)
      return try prepare(folder, note, errors, keys)
    }
    do {
      var summary = try await table.run(
        into: GrowingSink(folder, partRows: partRows), skipping: keys,
        ids: columns.map(\.id), mostRows: partRows)
      summary.skipped = keys.skipped
      summary.redone = redone
      return summary
    } catch {
      folder.clean()
      throw error
    }
  }

  /// Makes the folder ready for further rows, and finds the keys of those that it has.
  ///
  /// - Returns: how many rows with an error were removed.
  private func prepare(
    _ folder: GrowingFolder, _ note: OutputNote, _ errors: [String], _ keys: RowKeys
  ) throws -> Int {
    func existing() throws -> OutputNote? {
      try folder.note().map { try OutputNote($0, of: folder.location) }
    }
    if !isRestarted {
      let known = try existing()
      if try known != nil || folder.hasParts { try note.check(known, of: folder.location) }
    }
    try folder.open()
    do {
      if isRestarted {
        try folder.begin(note.encoded(isPretty: true), deleting: true)
      } else if let known = try existing() {
        // Nobody else writes from here on.
        try note.check(known, of: folder.location)
      } else {
        try folder.begin(note.encoded(isPretty: true), deleting: false)
      }
      try folder.reopen()
      var redone = 0
      for name in errors { redone += try folder.removeRows(with: name) }
      guard let scan = try folder.scan(note.key) else { return redone }
      for split in scan.splits(parallelism: 1) {
        let batches = try scan.batches(of: split, batchRows: 8192)
        while let batch = try batches.next() {
          try keys.add(batch.columns, count: batch.rowCount, in: "file \(split.location)")
        }
      }
      return redone
    } catch {
      folder.clean()
      throw error
    }
  }

  // MARK: What can be resumed

  private func keyColumns(of table: LocalTable) throws -> [TableColumn] {
    if key.isEmpty {
      throw LocalTableError(.invalidArgument, Self.withoutKey)
    }
    return try key.map { name in
      let path = try table.found([name], name: name).0
      guard let column = table.columns.first(where: { $0.id == path.id }),
        path.id < table.input.columns.count
      else {
        throw LocalTableError(.column, Self.isComputed(key: name))
      }
      return column
    }
  }

  private func check(_ fields: [StructField], format: FileFormat) throws {
    for field in fields {
      if let problem = Self.problem(with: field, inJSON: format == .json) {
        throw LocalTableError(.column, problem)
      }
    }
  }

  /// Why the values of a column tell no rows apart when they are read again; `nil` if they do.
  package static func problem(with field: StructField, inJSON isJSON: Bool) -> String? {
    let told = "resume (--resume): the key '\(field.name)' is \(field.type.ddl)"
    switch field.type {
    case .byte, .short, .integer, .long, .date, .decimal, .binary: return nil
    case let type where type.isString: return nil
    case .timestamp, .timestampNTZ:
      if !isJSON { return nil }
      return told
        + ", of which JSON keeps milliseconds only; write parquet, or name another column"
    default:
      return told
        + "; a key is a whole number, a decimal, a text, bytes, a date or a time. Name another column"
    }
  }

  /// What to say where no key is named.
  package static let withoutKey =
    "resume: no key is named; name the columns that tell rows apart"

  /// What to say of a mode that a write shall have besides.
  package static func problem(with mode: SaveMode) -> String? {
    if mode == .error { return nil }
    return
      "resume goes on with what is there, and restarting: true replaces it; leave out the mode "
      + mode.rawValue
  }

  /// What to say of a table that is read from where it is written.
  package static func reads(_ read: String, writing path: String) -> String {
    "the table is read from '\(read)', which writing parts to '\(path)' would change; write to another "
      + "file or folder"
  }

  /// What to say of a key whose values are not those of a table that is read.
  package static func isComputed(key name: String) -> String {
    "resume (--resume): the key '\(name)' is computed, so that nobody knows which rows can be skipped before "
      + "they are; name a column of the table that is read"
  }

  /// What to say where the column that tells which rows failed is not written.
  package static func isMissing(errorColumn name: String) -> String {
    "resume (--resume): the column '\(name)' that tells which rows failed is not among those that are "
      + "written; keep it, and give it no place within a struct, so that these rows can be done again"
  }

  /// The columns that tell which rows failed.
  private func errorColumns(of table: LocalTable) throws -> [String] {
    try table.lineage.requests.enumerated().compactMap { number, request in
      if let problem = Self.problem(with: request) {
        throw LocalTableError(.invalidArgument, problem)
      }
      guard case .column(let name) = request.errors else { return nil }
      let id = table.lineage.errorColumns[number]
      guard let column = table.columns.first(where: { $0.id == id }) else {
        throw LocalTableError(.column, Self.isMissing(errorColumn: name))
      }
      return column.field.name
    }
  }

  /// Why a prediction cannot go on later; `nil` if it can.
  package static func problem(with request: PredictionRequest) -> String? {
    if request.errors == .null {
      return
        "resume (--resume) does rows that failed again, and errors: .null (--on-error null) does not tell "
        + "which ones did; say errors: .column (--on-error column)"
    }
    if request.rows == .dependent {
      return
        "resume (--resume) leaves rows out of batches, which changes the others' predictions where rows "
        + "depend on each other (rows: .dependent, --rows dependent); do without one of the two"
    }
    return nil
  }
}
