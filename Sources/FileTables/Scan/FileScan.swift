public import ArrowIPC
public import SparkTypes

/// A table in files, as Spark would read it: the same files, columns, types and rows.
///
/// ```swift
/// let scan = try FileScan(["s3://shop/orders"], format: nil, options: [:], schema: nil)
///   .selecting(["id", "price"])
/// for split in scan.splits(parallelism: 8) {
///   let batches = try scan.batches(of: split, batchRows: 1024)
///   while let batch = try batches.next() { ... }
/// }
/// ```
///
/// The rows of all splits, one split after the other, are those of the files by their paths.
public struct FileScan: Sendable {
  /// Names, order and types of the columns as `spark.read` gives them: those of partitions last.
  public let schema: StructType
  /// What Spark would send for ``schema``.
  public let arrowSchema: ArrowSchema
  /// The format of the files.
  public let format: FileFormat
  let settings: ScanSettings
  /// The files with rows, sorted by path.
  let files: [ScanFile]
  /// Where each column comes from.
  let columns: [ScanColumn]
  /// No more rows than these, if set.
  public let limit: Int?
  /// The files that were looked into, for this table and those that are made from it.
  let opened: OpenedFiles
  /// Whether not all rows are read, but some from all over the table.
  var sample: RowSample?

  /// Looks for the files and finds out their schema.
  ///
  /// - Parameters:
  ///   - paths: files, folders and patterns, of any file system that there is a scheme for.
  ///   - format: by default, the one that the names of paths or files tell.
  ///   - options: Spark's, by Spark's names.
  ///   - schema: by default, that of the files.
  /// - Throws: ``FileTableError``, for example if there is no such path.
  public init(
    _ paths: [String], format: FileFormat?, options: [String: String], schema: StructType?
  ) throws(FileTableError) {
    let options = FileOptions(options)
    let listing = try FileListing(paths, options: options)
    let zone = try options.zone()
    let partitions = try Self.partitions(listing, options, schema, zone)
    let all = try Self.files(listing, options, partitions)
    if format == nil || format == .parquet { try listing.checkIsPlain(all) }
    var isTabbed = false
    let kind: FileFormat
    if let format {
      kind = format
      isTabbed = listing.paths.allSatisfy { NameEnding($0).isTabbed }
    } else {
      (kind, isTabbed) = try FormatDetection.format(of: listing.paths, files: all)
    }
    let settings = try ScanSettings(kind, options: options, zone: zone, isTabbed: isTabbed)
    let opened = OpenedFiles()
    let known: StructType
    if let schema {
      known = StructType(
        schema.fields.filter { field in
          !partitions.schema.fields.contains { $0.name.isExactly(ignoringCase: field.name) }
        })
      try SparkSchema.checkNames(schema, "the schema")
    } else {
      let inference = SchemaInference(
        settings, paths: paths, files: all, opened: opened,
        isNested: all.count < listing.files.count)
      known = SparkSchema.nullable(try inference.schema())
      try SparkSchema.checkNames(known, "the table '\(paths[0])'")
    }
    var columns: [ScanColumn] = []
    for field in schema == nil ? known.fields : known.fields.map(Self.nullable) {
      let place = partitions.schema.fields.firstIndex {
        $0.name.isExactly(ignoringCase: field.name)
      }
      // A partition's column takes the place that the files give it.
      columns.append(
        place.map { ScanColumn(field: partitions.schema.fields[$0], partition: $0) }
          ?? ScanColumn(field: field, partition: nil))
    }
    for (index, field) in partitions.schema.fields.enumerated()
    where !columns.contains(where: { $0.partition == index }) {
      columns.append(ScanColumn(field: field, partition: index))
    }
    var files: [ScanFile] = []
    for var file in all where PathNames.isData(PathNames.last(file.path)) && file.length != 0 {
      if !partitions.schema.fields.isEmpty {
        // Files beside the folders of partitions are no part of the table.
        guard let values = partitions.values[ExactName(file.folder)] else { continue }
        file.partition = values
      }
      files.append(file)
    }
    try self.init(
      format: kind, settings: settings, dataSchema: known, files: files, columns: columns,
      limit: nil, opened: opened)
  }

  init(
    format: FileFormat, settings: ScanSettings, dataSchema: StructType? = nil, files: [ScanFile],
    columns: [ScanColumn], limit: Int?, opened: OpenedFiles = OpenedFiles()
  ) throws(FileTableError) {
    self.format = format
    self.opened = opened
    var settings = settings
    if let dataSchema { settings.dataSchema = dataSchema }
    self.settings = settings
    self.files = files
    self.columns = columns
    self.limit = limit
    schema = StructType(columns.map(\.field))
    let (schema, zone) = (schema, settings.zone.name)
    arrowSchema = try ColumnConversion.wrapped { try schema.arrowSchema(timeZone: zone) }
  }

  private static func partitions(
    _ listing: FileListing, _ options: FileOptions, _ schema: StructType?, _ zone: ZoneRules
  ) throws(FileTableError) -> PartitionDiscovery {
    // As Spark: who looks through folders of whatever names has no partitions.
    let isFlat = try options.boolean("recursiveFileLookup", default: false)
    let data = listing.files.filter { PathNames.isData(PathNames.last($0.path)) }
    return try PartitionDiscovery(
      folders: isFlat ? [] : Set(data.map { ExactName($0.folder) }).map(\.text),
      bases: listing.bases, given: schema,
      infersTypes: try options.boolean("partitionColumnTypeInference", default: true), zone: zone)
  }

  /// The files of the table: as Spark, folders within a folder are only looked into if they are
  /// partitions, or `recursiveFileLookup` says so.
  private static func files(
    _ listing: FileListing, _ options: FileOptions, _ partitions: PartitionDiscovery
  ) throws(FileTableError) -> [ScanFile] {
    let isFlat = try options.boolean("recursiveFileLookup", default: false)
    if isFlat || !partitions.schema.fields.isEmpty { return listing.distinctFiles }
    return listing.files.filter(\.isDirect)
  }

  private static func nullable(_ field: StructField) -> StructField {
    SparkSchema.nullable(StructType([field])).fields[0]
  }
}

/// A column of a scan.
struct ScanColumn: Sendable {
  var field: StructField
  /// The number of the partition column, whose value is the same in all rows of a file; `nil` for
  /// columns within the files.
  var partition: Int?
}

extension FileScan {
  /// The same table with only these columns, in this order; names are told apart without regard to
  /// case, and the result has them as the table does.
  ///
  /// - Throws: ``FileTableError`` for a column that does not exist.
  public func selecting(_ names: [String]) throws(FileTableError) -> FileScan {
    var selected: [ScanColumn] = []
    for name in names {
      let exact = columns.first { $0.field.name.isExactly(name) }
      guard
        let column = exact
          ?? columns.first(where: { $0.field.name.isExactly(ignoringCase: name) })
      else {
        throw FileTableError(
          .schema,
          "there is no column '\(name)'; the columns are "
            + schema.names.map { "'\($0)'" }.joined(separator: ", "))
      }
      selected.append(column)
    }
    return try with(columns: selected)
  }

  /// The same table with only the files whose partition `isWanted`: it gets the values of the
  /// partition columns by their names.
  ///
  /// - Throws: what `isWanted` throws; ``FileTableError`` if what is left cannot be read.
  public func filtering(
    partitions isWanted: ([String: ArrowValue]) throws -> Bool
  ) throws -> FileScan {
    let names = columns.filter { $0.partition != nil }
    let kept = try files.filter { file in
      var values: [String: ArrowValue] = [:]
      for column in names {
        guard let index = column.partition, index < file.partition.count else { continue }
        values[column.field.name] = file.partition[index]
      }
      return try isWanted(values)
    }
    return try with(files: kept)
  }

  /// The same table with no more than the first `rows` rows.
  ///
  /// A split gives no more than that itself; who reads several stops when it has them.
  ///
  /// - Throws: ``FileTableError`` if the table cannot be read.
  public func limited(to rows: Int) throws(FileTableError) -> FileScan {
    try with(limit: min(max(rows, 0), limit ?? .max))
  }

  private func with(
    files: [ScanFile]? = nil, columns: [ScanColumn]? = nil, limit: Int? = nil
  ) throws(FileTableError) -> FileScan {
    var scan = try FileScan(
      format: format, settings: settings, files: files ?? self.files,
      columns: columns ?? self.columns, limit: limit ?? self.limit, opened: opened)
    // Of other files the sample has other places.
    scan.sample =
      files == nil ? sample : sample.map { RowSample(rows: $0.rows, seed: $0.seed) }
    return scan
  }

  /// The names of the columns that the folders' names tell.
  public var partitionColumns: [String] {
    columns.filter { $0.partition != nil }.map(\.field.name)
  }

  /// The files' lengths together, as far as the store tells them.
  public var bytes: Int64 { files.reduce(0) { $0 + max($1.length, 0) } }

  /// The number of files that have rows.
  public var fileCount: Int { files.count }

  /// The number of rows, if the footers of not too many Parquet files tell it, none of which was changed
  /// since it was listed. The footers are read once, and again by nobody who reads the rows.
  public var rows: Int? {
    if files.isEmpty { return 0 }
    if let sample {
      let known = splits(of: sample).map(\.rows)
      return format == .parquet
        ? min(known.reduce(0) { $0 + ($1 ?? 0) }, limit ?? .max) : nil
    }
    if format == .binary { return min(files.count, limit ?? .max) }
    guard format == .parquet, files.count <= 64 else { return nil }
    var sum: Int64 = 0
    for file in files {
      // Footers that were read before tell nothing of a file that has changed since.
      guard (try? Self.check(file, length: file.length, modified: file.modified)) != nil,
        let table = try? opened.table(file, .parquet)
      else { return nil }
      for group in table.rowGroups {
        if group.rows < 0 { return nil }
        sum += group.rows
      }
    }
    return min(Int(sum), limit ?? .max)
  }
}
