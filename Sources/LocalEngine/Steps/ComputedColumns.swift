import ArrowIPC
import Models
import SparkFunctions
import SparkTypes

/// Columns that are computed from others, row by row.
struct ComputedColumns: Sendable {
  /// Gives the columns from a batch of the arguments.
  typealias Compute = @Sendable (RecordBatch, WorkerContext) async throws -> [ArrowColumn]

  let arguments: [ColumnPath]
  /// The ids of the new columns.
  let results: [Int]
  let types: [ArrowType]
  /// The number of rows that whatever computes gets at once.
  let batchRows: Int
  /// The bytes of a row where it is computed, if they are known.
  let rowBytes: Int?
  let compute: Compute
}

/// What a run of a table computes: only what somebody wants.
struct TablePlan: Sendable {
  /// Positions of the columns that are read.
  let read: [Int]
  let steps: [ComputedColumns]
  let columns: [TableColumn]

  init(_ table: LocalTable) {
    var wanted = Set(table.columns.map(\.id))
    var steps: [ComputedColumns] = []
    for step in table.steps.reversed() where !wanted.isDisjoint(with: step.results) {
      wanted.formUnion(step.arguments.map(\.id))
      steps.append(step)
    }
    self.steps = steps.reversed()
    columns = table.columns
    read = table.input.columns.indices.filter { wanted.contains($0) }
  }

  /// The schema of what ``apply(to:_:)`` gives.
  var schema: ArrowSchema {
    ArrowSchema(
      columns.map { ArrowField($0.field.name, $0.type, isNullable: $0.field.isNullable) })
  }

  /// The table's rows from those that were read.
  func apply(to batch: RecordBatch, _ worker: WorkerContext) async throws -> RecordBatch {
    var values = Dictionary(uniqueKeysWithValues: zip(read, batch.columns))
    for step in steps {
      let arguments = try step.arguments.map { path -> ArrowColumn in
        guard var column = values[path.id] else {
          throw InferenceError(.invalidInput, "the column '\(path.name)' was not read")
        }
        for field in path.fields { column = column.nullableField(field) }
        return column
      }
      let input = try RecordBatch(
        schema: ArrowSchema(
          zip(step.arguments, arguments).map { ArrowField($0.name, $1.type) }),
        columns: arguments, rowCount: batch.rowCount)
      let results = try await step.compute(input, worker)
      for (place, id) in step.results.enumerated() {
        values[id] = try results[place].relaid(as: step.types[place])
      }
    }
    let columns = try self.columns.map { column in
      guard let found = values[column.id] else {
        throw InferenceError(.invalidInput, "the column '\(column.field.name)' was not computed")
      }
      return found
    }
    return try RecordBatch(schema: schema, columns: columns, rowCount: batch.rowCount)
  }
}
