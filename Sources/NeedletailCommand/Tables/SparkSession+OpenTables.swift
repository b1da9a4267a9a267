import Needletail

extension SparkSession {
  /// The table of a format with books of its own that the folder `path` is or lies in, as the server sees
  /// it; `nil` also for a pattern.
  func openTable(at path: String) async throws -> OpenTable? {
    if StoragePath(path).isPattern { return nil }
    for (folder, formats) in OpenTable.candidates(path) {
      let marks = formats.map(\.files).joined(separator: ",")
      let start = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
      let found = read.format("binaryFile").load("\(start){\(marks)}").select("path")
      do {
        _ = try await found.schema()
      } catch is SparkError {
        // There are none, or this server cannot be asked.
        continue
      }
      if let name = try await found.first()?.get("path", as: String.self),
        let format = formats.first(where: { $0.hasBook(name) })
      {
        return OpenTable(format, folder)
      }
    }
    return nil
  }
}
