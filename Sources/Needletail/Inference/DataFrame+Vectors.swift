import ModelKinds
import SparkConnect

extension DataFrame {
  /// The table with arrays beside the vectors that feed a model; only the server can unpack these.
  func adding(_ vectors: VectorInputs) -> DataFrame {
    let columns = vectors.arrays.sorted { $0.key < $1.key }
    return withColumns(columns.map { ($0.value, vectorToArray(column(named: $0.key))) })
  }
}
