extension DataFrameWriter {
  /// What Spark's readers pass over and what still makes a folder somebody's: the mark of a complete
  /// write (of no rows, perhaps), the workspace of one that runs or was cut off, and the books of
  /// formats that keep some.
  private static let hiddenEntries = [
    "_SUCCESS", "_temporary", "_delta_log", "_spark_metadata", ".hoodie",
  ]

  /// Whether `path` is a folder without data, as a write leaves it that failed. Asked of the server,
  /// since only it sees the path.
  func isEmptyFolder(_ path: String) async throws -> Bool {
    // Readers take these as patterns.
    if path.contains(where: { "*?[]{}\\".contains($0) }) { return false }
    // One pattern for all, for each question goes to the server.
    if try await exists("\(path)/{\(Self.hiddenEntries.joined(separator: ","))}") { return false }
    return try await files(in: path).limit(1).count() == 0
  }

  private func exists(_ path: String) async throws -> Bool {
    do {
      _ = try await files(in: path).schema()
      return true
    } catch let error as SparkError where error.condition == "PATH_NOT_FOUND" {
      return false
    }
  }

  private func files(in path: String) -> DataFrame {
    table.session.read.format("binaryFile").option("recursiveFileLookup", true).load(path)
      .select("path")
  }
}
