import ArrowIPC
import SparkFunctions

/// The results of several functions side by side, one column for each.
///
/// Functions cut their batches as they like; here batches end wherever one of them ends. Batches
/// without rows are left out.
final class AlignedColumns: BatchSource {
  private let sources: [any BatchSource]
  private var heads: [ArrowColumn?]
  private var types: [ArrowType?]

  init(_ sources: [any BatchSource]) {
    self.sources = sources
    heads = Array(repeating: nil, count: sources.count)
    types = heads.map { $0?.type }
  }

  func next() async throws -> RecordBatch? {
    for (index, source) in sources.enumerated() where heads[index] == nil {
      while let batch = try await source.next() {
        let column = batch.columns[0]
        if column.count == 0 { continue }
        if let type = types[index], type != column.type {
          throw WorkerError(
            .wrongOutput, "function \(index) gave a column of \(type) first and then \(column.type)"
          )
        }
        types[index] = column.type
        heads[index] = column
        break
      }
    }
    let columns = heads.compactMap(\.self)
    // Each source gave as many rows as the common input has, so that they end together.
    guard columns.count == sources.count, let rows = columns.map(\.count).min() else { return nil }
    for (index, column) in columns.enumerated() {
      heads[index] = column.count == rows ? nil : column.slice(rows..<column.count)
    }
    return try RecordBatch(
      columns.enumerated().map { ("_\($0)", $1.count == rows ? $1 : $1.slice(0..<rows)) })
  }
}
