package import ArrowIPC
package import SparkTypes

/// Files that somebody else has listed and whose columns are known, such as those of a table that Spark
/// has planned: nothing is looked for here.
package struct KnownFiles: Sendable {
  /// A scan without files, which knows how they are read.
  private let prototype: FileScan
  private let partitions: [String]

  /// - Parameters:
  ///   - options: Spark's, by Spark's names.
  ///   - schema: the columns of the table, as Spark gives them.
  ///   - partitions: the names of those whose values ``batches(of:partition:batchRows:)`` is told.
  ///   - columns: the names of those that are read, in the order of the batches.
  package init(
    format: FileFormat, options: [String: String], schema: StructType, partitions: [String],
    columns: [String]
  ) throws(FileTableError) {
    let options = FileOptions(options)
    let settings = try ScanSettings(
      format, options: options, zone: try options.zone(), isTabbed: false)
    let places = Dictionary(
      partitions.enumerated().map { ($1.lowercased(), $0) }, uniquingKeysWith: { first, _ in first }
    )
    let all = schema.fields.map {
      ScanColumn(field: $0, partition: places[$0.name.lowercased()])
    }
    prototype = try FileScan(
      format: format, settings: settings,
      dataSchema: StructType(all.filter { $0.partition == nil }.map(\.field)), files: [],
      columns: all, limit: nil
    ).selecting(columns)
    self.partitions = partitions
  }

  /// What all batches are.
  package var arrowSchema: ArrowSchema { prototype.arrowSchema }

  /// The rows of a split.
  ///
  /// - Parameter partition: the values of the partition columns.
  /// - Throws: ``FileTableError``, for example if the file was changed since it was listed.
  package func batches(
    of split: FileSplit, partition: [ArrowValue], batchRows: Int
  ) throws(FileTableError) -> ScanBatches {
    var split = split
    split.file = 0
    return try scan(of: split, partition).batches(of: split, batchRows: batchRows)
  }

  private func scan(
    of split: FileSplit, _ partition: [ArrowValue]
  ) throws(FileTableError) -> FileScan {
    let (store, path) = try FileStore.open(split.location)
    let file = ScanFile(
      location: split.location, path: path, store: store, length: split.length,
      modified: split.modified, folder: PathNames.parent(path) ?? "", isDirect: true,
      partition: partition)
    return try FileScan(
      format: prototype.format, settings: prototype.settings, files: [file],
      columns: prototype.columns, limit: nil, opened: prototype.opened)
  }

  /// Looks whether a file is there, and into the footer of Parquet for what Spark reads and this does not,
  /// or reads in another way.
  ///
  /// - Throws: ``FileTableError`` that says what it is.
  package func check(_ location: String) throws(FileTableError) {
    let (store, path) = try FileStore.open(location)
    guard prototype.format == .parquet else {
      // One byte shows whether it may be read.
      _ = try FileBytes(store, path, decompressing: false).read(upTo: 1)
      return
    }
    let table = try TableFile(store, path, .parquet)
    if let key = Self.rebasing(table.schema.metadata) {
      throw FileTableError(
        .unsupported, "'\(location)' has times of the Julian calendar (\(key))", path: location)
    }
    for column in prototype.columns where column.partition == nil {
      guard
        let index = try FieldMatching.column(column.field.name, of: table, file: location)
      else { continue }
      try TypeReading.check(
        table.schema.fields[index], as: column.field.type, path: column.field.name, file: location)
    }
  }

  /// What tells that Spark shifts old dates and times of a file.
  private static func rebasing(_ metadata: [String: String]) -> String? {
    for key in ["org.apache.spark.legacyDateTime", "org.apache.spark.legacyINT96"]
    where metadata[key] != nil {
      return key
    }
    let version = metadata["org.apache.spark.version"]
    return version.map { $0.hasPrefix("1.") || $0.hasPrefix("2.") } == true
      ? "org.apache.spark.version" : nil
  }
}
