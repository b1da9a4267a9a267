import Needletail

extension DataFrame {
  /// The table with its arrays, structs and maps as JSON, for formats such as CSV that have none.
  func withNestedAsJSON() async throws -> DataFrame {
    var result = self
    for field in try await schema() where field.type.isNested {
      result = result.withColumn(field.name, toJSON(column(named: field.name)))
    }
    return result
  }
}

extension DataType {
  /// Whether values have others in them.
  fileprivate var isNested: Bool {
    switch self {
    case .array, .map, .struct: true
    default: false
    }
  }
}
