import ArrowIPC
import FileTables
package import SparkTypes

extension LocalTable {
  /// The table with arrays, maps and structs as JSON, for formats that have none, as Spark's `to_json`
  /// writes them; vectors of Spark ML as arrays.
  ///
  /// - Parameter timeZone: the zone in which times are written; by default this machine's.
  /// - Throws: `FileTableError` if there is no such zone.
  package func withNestedAsJSON(timeZone: String? = nil) throws -> LocalTable {
    let json = SparkJSON(zone: try timeZone.map { try ZoneRules.named($0) } ?? .current)
    var table = self
    for (place, column) in columns.enumerated() where column.field.type.isNested {
      let values = try table.add(
        [StructField(column.field.name, .string)],
        arguments: [ColumnPath(id: column.id, name: column.field.name)], batchRows: 1
      ) { batch, _ in
        let values = batch.columns[0]
        guard case .userDefined = column.field.type else { return [json.column(values)] }
        return [json.column(try SparkVectors.arrays(values, name: column.field.name))]
      }
      table.columns[place] = values[0]
    }
    return table
  }
}

extension DataType {
  /// Whether values have others in them.
  package var isNested: Bool {
    switch self {
    case .array, .map, .struct: true
    case .userDefined(let type): type.isVector
    default: false
    }
  }
}
