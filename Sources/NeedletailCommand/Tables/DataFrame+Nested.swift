import Needletail

extension DataFrame {
  /// The table with its arrays, structs and maps as JSON, for formats such as CSV that have none; vectors
  /// of Spark ML as arrays.
  func withNestedAsJSON() async throws -> DataFrame {
    var result = self
    for field in try await schema() where field.type.isNested {
      let values = column(named: field.name)
      var json = toJSON(values)
      if case .userDefined = field.type {
        // The function for vectors takes no nulls.
        json = when(values.isNotNull, toJSON(vectorToArray(values)))
      }
      result = result.withColumn(field.name, json)
    }
    return result
  }
}

extension DataType {
  /// Whether values have others in them.
  fileprivate var isNested: Bool {
    switch self {
    case .array, .map, .struct: true
    case .userDefined(let type): type.isVector
    default: false
    }
  }
}
