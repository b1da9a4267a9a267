import ArrowIPC
import Models
import Tensors

/// Spark ML's vectors as files have them: structs of a type (0 sparse, 1 dense), the size, the positions
/// and the values.
enum SparkVectors {
  /// The vectors of a column as arrays of all their values.
  ///
  /// - Throws: `InferenceError` for a vector that contradicts itself.
  static func arrays(_ column: ArrowColumn, name: String) throws -> ArrowColumn {
    func damaged(_ row: Int) -> InferenceError {
      InferenceError(
        .invalidInput, "column '\(name)', row \(row): the vector is damaged; write the table again")
    }
    guard case .structure(let fields) = column.type,
      fields.map(\.name) == ["type", "size", "indices", "values"]
    else {
      throw InferenceError(
        .invalidInput, "column '\(name)' is \(column.type), which is not how Spark stores vectors")
    }
    let parts = (0..<4).map { column.field($0) }
    let rows = try (0..<column.count).map { row -> ArrowValue in
      if column.isNull(row) { return .null }
      guard case .int(let kind) = parts[0].value(at: row),
        case .list(let values) = parts[3].value(at: row)
      else { throw damaged(row) }
      if kind == 1 { return .list(values) }
      guard case .int(let size) = parts[1].value(at: row),
        case .list(let places) = parts[2].value(at: row), places.count == values.count,
        (0...Int64(Int32.max)).contains(size)
      else { throw damaged(row) }
      var all = [ArrowValue](repeating: .float(0), count: Int(size))
      for (place, value) in zip(places, values) {
        guard case .int(let index) = place, all.indices.contains(Int(index)) else {
          throw damaged(row)
        }
        all[Int(index)] = value
      }
      return .list(all)
    }
    return try ArrowColumn(
      rows, type: .list(ArrowField("element", .float64, isNullable: false)))
  }
}
