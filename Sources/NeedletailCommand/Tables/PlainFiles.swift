import Needletail

/// Files that a query reads as they are, by their path: ``FROM parquet.`reviews` ``.
struct PlainFiles: Sendable {
  let path: String
  private let places: TablePlaces

  /// Those in the text of a query.
  static func named(in query: String, remote: String?) -> [PlainFiles] {
    query.matches(of: /(?i)\b(?:parquet|orc|avro)\s*\.\s*`([^`]+)`/).map { match in
      let path = String(match.1)
      return PlainFiles(
        path: path, places: TablePlaces(input: path, output: nil, remote: remote))
    }
  }

  /// Looks at what this machine sees.
  ///
  /// - Throws: ``CommandFailure`` if they are those of a table of a format with books of its own.
  func checkIsPlain() throws {
    if let file = places.localInput {
      try refuse(TablePlaces.openTable(at: file)?.named(path, at: file))
    }
  }

  /// Looks at what only a server sees.
  ///
  /// - Throws: as ``checkIsPlain()``.
  func checkIsPlain(on spark: SparkSession) async throws {
    if places.localInput == nil { try refuse(try await spark.openTable(at: path)) }
  }

  private func refuse(_ table: OpenTable?) throws {
    if let table { throw CommandFailure(table.readingProblem(path, for: .query)) }
  }
}
