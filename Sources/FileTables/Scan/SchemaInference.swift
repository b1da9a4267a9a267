import ArrowIPC
import SparkTypes

/// The schema of files whose user gave none.
struct SchemaInference {
  private let settings: ScanSettings
  private let paths: [String]
  private let files: [ScanFile]
  private let opened: OpenedFiles
  private let isNested: Bool

  /// - Parameters:
  ///   - files: with those of Parquet's metadata.
  ///   - opened: keeps those that are looked into.
  ///   - isNested: whether there are files in folders that are not looked into.
  init(
    _ settings: ScanSettings, paths: [String], files: [ScanFile], opened: OpenedFiles,
    isNested: Bool
  ) {
    self.opened = opened
    self.isNested = isNested
    self.settings = settings
    self.paths = paths
    self.files = files
  }

  private var data: [ScanFile] {
    files.filter { PathNames.isData(PathNames.last($0.path)) && $0.length != 0 }
  }

  func schema() throws(FileTableError) -> StructType {
    switch settings.format {
    case .parquet, .arrow: return try tables()
    case .csv:
      try checkFiles()
      return try CSVInference(settings).schema(of: data)
    case .json:
      try checkFiles()
      return try JSONInference(settings).schema(of: data)
    case .text: return ["value": .string]
    case .binary:
      return [
        "path": .string, "modificationTime": .timestamp, "length": .long, "content": .binary,
      ]
    }
  }

  /// As Spark: a folder without any file is an error, files without rows are a table without columns.
  private func checkFiles() throws(FileTableError) {
    if !files.contains(where: { PathNames.isData(PathNames.last($0.path)) }) { throw nothing }
  }

  private var nothing: FileTableError {
    let text = paths.map { "'\($0)'" }.joined(separator: ", ")
    return FileTableError(
      .schema,
      "there is no \(settings.format.sparkName) file with data in \(text) to take the schema from; "
        + "files whose names begin with _ or . are not read"
        + (isNested
          ? ", nor are those in its folders, which are no partitions; say recursiveFileLookup=true to "
            + "read them" : ". Check the path, or give a schema"),
      path: paths.first)
  }

  /// The schema of one file, as Spark takes it: that of the metadata files if there are any, else of
  /// the first one by its path; of all with `mergeSchema`.
  private func tables() throws(FileTableError) -> StructType {
    func named(_ prefix: String) -> [ScanFile] {
      files.filter { PathNames.last($0.path) == prefix && $0.length != 0 }
    }
    if settings.mergesSchemas {
      var merged: StructType?
      for file in data {
        let schema = try schema(of: file)
        if let known = merged {
          merged = try SparkSchema.merged(known, schema, file: file.location)
        } else {
          merged = schema
        }
      }
      guard let merged else { throw nothing }
      return merged
    }
    guard
      let file = named("_common_metadata").first ?? named("_metadata").first ?? data.first
    else { throw nothing }
    return try schema(of: file)
  }

  private func schema(of file: ScanFile) throws(FileTableError) -> StructType {
    let table = try opened.table(file, settings.format)
    return settings.format == .parquet
      ? try SparkSchema.parquet(table.schema, file: file.location)
      : try SparkSchema.arrow(table.schema, file: file.location)
  }
}
