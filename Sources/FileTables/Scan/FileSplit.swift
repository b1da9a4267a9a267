import ArrowIPC

/// A part of a file that is read in one go. It tells all that is needed to read it elsewhere.
public struct FileSplit: Sendable, Codable, Hashable {
  /// The file, as users write it.
  public var location: String
  /// The file's bytes when the scan was planned, -1 where the store does not tell; a file that changed
  /// since is refused.
  public var length: Int64
  /// When the file was changed before that, in nanoseconds since 1970, or -1.
  public var modified: Int64
  /// The first of the bytes whose rows these are. Row groups of Parquet belong to the split that has
  /// their middle. Lines belong to the split that has the byte before them, the first one to that at 0.
  public var start: Int64
  /// The number of those bytes.
  public var size: Int64
  /// The number of the file within the scan.
  public var file: Int
  /// The number of rows to read, from the first on; `nil` for all.
  public var rows: Int?

  package init(
    location: String, length: Int64, modified: Int64, start: Int64, size: Int64, file: Int,
    rows: Int? = nil
  ) {
    self.location = location
    self.length = length
    self.modified = modified
    self.start = start
    self.size = size
    self.file = file
    self.rows = rows
  }
}

extension FileScan {
  /// The parts that can be read side by side, by Spark's rule: no more bytes than `maxPartitionBytes`
  /// (128 MiB), and fewer if that keeps `parallelism` readers busy, but no less than
  /// `openCostInBytes` (4 MiB). They come in the order of rows; Spark also packs small ones together,
  /// the largest first, which has no part in the rows.
  ///
  /// Files that are compressed as a whole are one split each, and so are CSV with the option `multiLine`,
  /// text with `wholetext`, and Arrow.
  public func splits(parallelism: Int) -> [FileSplit] {
    if let sample { return splits(of: sample) }
    let cutting = FileCutting(format, settings.options)
    return SplitPlanning(
      maxPartitionBytes: settings.maxPartitionBytes, openCostInBytes: settings.openCostInBytes,
      parallelism: parallelism
    ).splits(
      files.map { (location: $0.location, length: $0.length, modified: $0.modified) },
      isCut: { cutting.allows(files[$0].path) })
  }

  /// The rows of a split of this scan.
  ///
  /// - Parameter batchRows: at most so many rows a batch; small batches stay in the processor's cache.
  /// - Throws: ``FileTableError``, for example if the file was changed since the scan was planned.
  public func batches(
    of split: FileSplit, batchRows: Int
  ) throws(FileTableError) -> ScanBatches {
    guard files.indices.contains(split.file), files[split.file].location == split.location else {
      throw FileTableError(
        .invalidOption, "the split of '\(split.location)' is of another scan", path: split.location)
    }
    let file = files[split.file]
    try Self.check(file, split)
    let reader: any SplitReader
    do throws(FileTableError) {
      reader = try self.reader(of: split, file: file, batchRows: max(batchRows, 1))
    } catch {
      throw Self.cause(error, file, split)
    }
    return ScanBatches(
      reader, of: split, file: file, schema: arrowSchema,
      limit: split.rows.map { min($0, limit ?? .max) } ?? limit)
  }

  /// Refuses a split's file if it was changed since the scan was planned.
  static func check(_ file: ScanFile, _ split: FileSplit) throws(FileTableError) {
    try check(file, length: split.length, modified: split.modified)
  }

  /// Why a file cannot be read: if it was changed since the scan was planned that, and not what its bytes
  /// look like now.
  static func cause(
    _ found: FileTableError, _ file: ScanFile, _ split: FileSplit
  ) -> FileTableError {
    if found.code == .cancelled { return found }
    do throws(FileTableError) {
      try check(file, split)
      return found
    } catch {
      // A store that does not answer tells nothing.
      return error.code == .changed ? error : found
    }
  }

  /// Refuses a file that has not the length and the time any more that it was listed with.
  static func check(
    _ file: ScanFile, length: Int64, modified: Int64
  ) throws(FileTableError) {
    guard let now = try file.store.info(file.path) else {
      throw FileTableError(
        .changed,
        "the file '\(file.location)' was there when the table was listed and is gone now; "
          + "run again", path: file.location)
    }
    let isSame =
      (now.length == length || length < 0)
      && (modified < 0 || isSame(now.modified, modified))
    if isSame { return }
    throw FileTableError(
      .changed,
      "the file '\(file.location)' was changed while the table was read (\(length) bytes when it "
        + "was listed, \(now.length) now); run again when nobody writes to it",
      path: file.location)
  }

  /// Whether two times are the same, one of which may be told in whole milliseconds, as Spark does.
  private static func isSame(_ now: Int64, _ then: Int64) -> Bool {
    let millisecond: Int64 = 1_000_000
    return now == then || then % millisecond == 0 && now / millisecond == then / millisecond
  }

  private func reader(
    of split: FileSplit, file: ScanFile, batchRows: Int
  ) throws(FileTableError) -> any SplitReader {
    let columns = zip(columns, arrowSchema.fields).map { OutputColumn($0, $1, of: file) }
    switch format {
    case .parquet, .arrow:
      return try TableSplitReader(
        split, file: file, opened: opened, settings: settings, columns: columns,
        schema: arrowSchema, batchRows: batchRows)
    case .csv:
      return try CSVSplitReader(
        file: file, part: try part(split, file), settings: settings, columns: columns,
        schema: arrowSchema, batchRows: batchRows)
    case .json:
      return try JSONSplitReader(
        file: file, part: try part(split, file), settings: settings, columns: columns,
        schema: arrowSchema, batchRows: batchRows)
    case .text:
      return try TextSplitReader(
        file: file, part: try part(split, file), settings: settings, columns: columns,
        schema: arrowSchema, batchRows: batchRows)
    case .binary:
      return BinarySplitReader(file: file, columns: columns, schema: arrowSchema)
    }
  }

  /// The bytes of a split that is not all of its file.
  private func part(
    _ split: FileSplit, _ file: ScanFile
  ) throws(FileTableError) -> Range<Int64>? {
    if split.start == 0, split.size >= split.length { return nil }
    guard FileCutting(format, settings.options).allows(file.path) else {
      throw FileTableError(
        .invalidOption,
        "'\(split.location)' is compressed, or has rows over several lines, and is read as a whole, not "
          + "from byte \(split.start) on; list its splits with the options that it is read with",
        path: split.location)
    }
    return split.start..<split.start + max(split.size, 0)
  }
}
